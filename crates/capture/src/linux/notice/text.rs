//! Text as pixels, in any script that the computer has fonts for.

use cosmic_text::{
    Align, Attrs, Buffer, Color, Family, FontSystem, Metrics, Shaping, SwashCache, Weight,
};

/// Lays out and draws text.
pub(super) struct Typesetter {
    fonts: FontSystem,
    cache: SwashCache,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// The height of a letter, in pixels.
    pub(super) size: f32,
    pub(super) is_bold: bool,
    pub(super) is_centred: bool,
}

/// A text that was laid out, to be drawn.
pub(super) struct Block {
    buffer: Buffer,
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
}

impl Typesetter {
    /// With the fonts of this computer; `None` if it has none.
    pub(super) fn new() -> Option<Self> {
        let fonts = FontSystem::new();
        (!fonts.db().is_empty()).then(|| Self {
            fonts,
            cache: SwashCache::new(),
        })
    }

    /// Lays a text out in lines of this width at most.
    pub(super) fn lay_out(&mut self, text: &str, style: Style, width: u32) -> Block {
        let metrics = Metrics::relative(style.size, LINE_HEIGHT);
        let mut buffer = Buffer::new(&mut self.fonts, metrics);
        #[expect(clippy::cast_precision_loss, reason = "a width on a screen")]
        buffer.set_size(Some(width as f32), None);
        let weight = if style.is_bold {
            Weight::BOLD
        } else {
            Weight::NORMAL
        };
        let attributes = Attrs::new().family(Family::SansSerif).weight(weight);
        let align = style.is_centred.then_some(Align::Center);
        buffer.set_text(text, &attributes, Shaping::Advanced, align);
        buffer.shape_until_scroll(&mut self.fonts, false);
        let (mut widest, mut height) = (0.0_f32, 0.0_f32);
        for run in buffer.layout_runs() {
            widest = widest.max(run.line_w);
            height = height.max(run.line_top + run.line_height);
        }
        Block {
            buffer,
            size: (whole(widest).min(width), whole(height)),
        }
    }

    /// Gives the pixels of a text: place, colour and how much of it, up to 255.
    pub(super) fn draw(&mut self, block: &mut Block, mut pixel: impl FnMut(i32, i32, u8)) {
        let colour = Color::rgb(0, 0, 0);
        block.buffer.draw(
            &mut self.fonts,
            &mut self.cache,
            colour,
            |x, y, w, h, ink| {
                for (x, y) in (0..h)
                    .flat_map(|row| (0..w).map(move |column| (column, row)))
                    .map(|(column, row)| (x + column.cast_signed(), y + row.cast_signed()))
                {
                    pixel(x, y, ink.a());
                }
            },
        );
    }
}

/// In whole pixels, enough for all of it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size on a screen, not negative"
)]
fn whole(pixels: f32) -> u32 {
    pixels.ceil().max(0.0) as u32
}

/// From one line to the next, in heights of a letter.
const LINE_HEIGHT: f32 = 1.4;
