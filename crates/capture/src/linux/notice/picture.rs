//! What the window of a message looks like.

use super::text::{Style, Typesetter};
use crate::{Notice, Rect};

/// A window's picture: rows from the top, four bytes a pixel: blue, green, red, unused.
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Vec<u8>,
    /// Where the button is.
    pub(super) button: Rect,
}

type Colour = [u8; 3];

impl Picture {
    /// Draws a message for a monitor of this size. A long one gets a wider window first, and then
    /// smaller letters.
    pub(super) fn draw(
        notice: &Notice,
        typesetter: &mut Typesetter,
        scale: f32,
        monitor: (u32, u32),
    ) -> Self {
        let scaled = |length: u32| pixels(length, scale);
        let space = scaled(MARGIN);
        let button = (scaled(BUTTON.0), scaled(BUTTON.1));
        let most = |side: u32| (side - side / 10).max(1);
        let (most_width, most_height) = (most(monitor.0), most(monitor.1));
        let mut last = None;
        for (width, letter) in SIZES {
            let width = scaled(width).min(most_width);
            let inner = width.saturating_sub(2 * space).max(1);
            let style = |size: u32, is_bold| Style {
                #[expect(clippy::cast_precision_loss, reason = "a size of letters")]
                size: size as f32 * scale,
                is_bold,
                is_centred: false,
            };
            let title = typesetter.lay_out(&notice.title, style(letter + 2, true), inner);
            let text = typesetter.lay_out(&notice.text, style(letter, false), inner);
            let height = space + title.size.1 + space / 2 + text.size.1 + space + button.1 + space;
            let fits = height <= most_height;
            last = Some((width, height, title, text));
            if fits {
                break;
            }
        }
        let Some((width, height, mut title, mut text)) = last else {
            unreachable!("there is a size");
        };
        // What is longer still is cut before the button, which has to be seen.
        let height = height.min(most_height);
        let mut picture = Self {
            width,
            height,
            pixels: vec![0; width as usize * height as usize * 4],
            button: Rect {
                x: width.saturating_sub(button.0) / 2,
                y: height.saturating_sub(space + button.1),
                width: button.0.min(width),
                height: button.1.min(height),
            },
        };
        picture.fill(picture.whole(), BACKGROUND);
        let below_title = space + title.size.1 + space / 2;
        let bottom = picture.button.y.saturating_sub(space / 2);
        picture.write(typesetter, &mut title, (space, space), bottom, INK);
        picture.write(typesetter, &mut text, (space, below_title), bottom, INK);
        picture.fill(picture.button, BUTTON_COLOUR);
        let style = Style {
            #[expect(clippy::cast_precision_loss, reason = "a size of letters")]
            size: SIZES[0].1 as f32 * scale,
            is_bold: true,
            is_centred: true,
        };
        let mut label = typesetter.lay_out("OK", style, picture.button.width);
        let Rect { x, y, height, .. } = picture.button;
        let at = (x, y + height.saturating_sub(label.size.1) / 2);
        picture.write(typesetter, &mut label, at, y + height, BACKGROUND);
        picture
    }

    fn whole(&self) -> Rect {
        Rect {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    fn fill(&mut self, rect: Rect, colour: Colour) {
        for y in rect.y..(rect.y + rect.height).min(self.height) {
            for x in rect.x..(rect.x + rect.width).min(self.width) {
                self.pixel(x, y)[..3].copy_from_slice(&colour);
            }
        }
    }

    /// Writes a text at a place, and nothing of it below `bottom`.
    fn write(
        &mut self,
        typesetter: &mut Typesetter,
        block: &mut super::text::Block,
        (left, top): (u32, u32),
        bottom: u32,
        colour: Colour,
    ) {
        typesetter.draw(block, |x, y, cover| {
            let (Some(x), Some(y)) = (left.checked_add_signed(x), top.checked_add_signed(y)) else {
                return;
            };
            if x < self.width && y < bottom.min(self.height) {
                for (under, over) in self.pixel(x, y).iter_mut().zip(colour) {
                    *under = mixed(*under, over, cover);
                }
            }
        });
    }

    fn pixel(&mut self, x: u32, y: u32) -> &mut [u8] {
        let start = (y as usize * self.width as usize + x as usize) * 4;
        &mut self.pixels[start..start + 4]
    }
}

fn mixed(under: u8, over: u8, cover: u8) -> u8 {
    let cover = u32::from(cover);
    let sum = u32::from(under) * (255 - cover) + u32::from(over) * cover;
    u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a length on a screen"
)]
fn pixels(length: u32, scale: f32) -> u32 {
    (length as f32 * scale).round().max(1.0) as u32
}

/// The widths of the window and the sizes of its letters, in the order in which they are tried.
const SIZES: [(u32, u32); 5] = [(460, 15), (640, 15), (900, 14), (1200, 12), (1800, 10)];

const MARGIN: u32 = 24;

const BUTTON: (u32, u32) = (112, 36);

const BACKGROUND: Colour = [0xff, 0xff, 0xff];

const INK: Colour = [0x2b, 0x21, 0x1b];

const BUTTON_COLOUR: Colour = [0xa8, 0x53, 0x1f];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn drawn(text: &str, monitor: (u32, u32)) -> Picture {
        let notice = Notice {
            title: "Activity monitoring".to_owned(),
            text: text.to_owned(),
            closes_after: Duration::from_secs(60),
        };
        let mut typesetter = Typesetter::new().expect("this computer has fonts");
        Picture::draw(&notice, &mut typesetter, 1.0, monitor)
    }

    /// How many pixels between these rows are not the background.
    fn inked(picture: &Picture, rows: std::ops::Range<u32>) -> usize {
        let row = picture.width as usize * 4;
        let part = &picture.pixels[rows.start as usize * row..rows.end as usize * row];
        part.chunks_exact(4)
            .filter(|pixel| pixel[..3] != BACKGROUND)
            .count()
    }

    #[test]
    fn a_short_message_is_a_small_window_with_text_and_a_button() {
        let picture = drawn("This computer is monitored.", (1920, 1080));
        assert_eq!(picture.width, 460);
        assert!(picture.height < 250, "{}", picture.height);
        assert!(inked(&picture, 0..picture.button.y) > 500);
        let button = &picture.button;
        assert!(button.x + button.width <= picture.width);
        assert!(button.y + button.height < picture.height);
        assert!(inked(&picture, button.y..button.y + button.height) > 2_000);
    }

    #[test]
    fn long_text_is_wrapped_and_the_button_stays_on_any_monitor() {
        let long = "words that go on ".repeat(117);
        let short = drawn("words", (1920, 1080));
        for monitor in [(1920, 1080), (1024, 768), (640, 480), (320, 200)] {
            let picture = drawn(&long, monitor);
            assert!(picture.width <= monitor.0 && picture.height <= monitor.1);
            assert!(picture.height > short.height || monitor.1 <= 200);
            let button = &picture.button;
            assert!(button.y + button.height <= picture.height);
            assert!(inked(&picture, 0..button.y) > inked(&short, 0..short.button.y));
        }
    }

    #[test]
    fn other_scripts_are_drawn_and_look_different() {
        let greek = drawn("Καταγράφεται", (1920, 1080));
        let cyrillic = drawn("Записывается", (1920, 1080));
        assert_ne!(greek.pixels, cyrillic.pixels);
        assert!(inked(&greek, 0..greek.button.y) > 300);
    }
}
