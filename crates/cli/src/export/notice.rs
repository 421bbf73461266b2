//! Writing on a picture that nothing was recorded.

use std::convert::Infallible;

use embedded_graphics::Drawable as _;
use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::iso_8859_1::{FONT_5X8, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::RgbColor as _;
use embedded_graphics::text::{Alignment, Baseline, Text};

use super::canvas::BYTES;

/// Writes lines into the middle of a picture of four bytes a pixel, as large as is good to read.
pub fn write(pixels: &mut [u8], width: usize, height: usize, lines: &[String]) {
    let longest = lines.iter().map(|line| line.chars().count()).max();
    let longest = longest.unwrap_or(0).max(1);
    let fits = |font: &MonoFont<'_>, scale: usize| {
        longest * font.character_size.width as usize * scale <= width
    };
    let font = if fits(&FONT_10X20, 1) {
        &FONT_10X20
    } else {
        &FONT_5X8
    };
    let wanted = (height / LINES_ON_A_SCREEN / font.character_size.height as usize).max(1);
    let scale = (1..=wanted)
        .rev()
        .find(|&scale| fits(font, scale))
        .unwrap_or(1);

    let mut picture = Scaled {
        pixels,
        width,
        height,
        scale,
    };
    let line_height = font.character_size.height as i32 * 3 / 2;
    let size = picture.size();
    let style = MonoTextStyle::new(font, LETTERS);
    for (index, line) in lines.iter().enumerate() {
        let below = index as i32 * line_height - (lines.len() as i32 - 1) * line_height / 2;
        let middle = Point::new(size.width as i32 / 2, size.height as i32 / 2 + below);
        let mut text = Text::with_baseline(line, middle, style, Baseline::Middle);
        text.text_style.alignment = Alignment::Center;
        let Ok(_next) = text.draw(&mut picture);
    }
}

/// A picture on which each drawn pixel becomes a square.
struct Scaled<'a> {
    pixels: &'a mut [u8],
    width: usize,
    height: usize,
    scale: usize,
}

impl OriginDimensions for Scaled<'_> {
    fn size(&self) -> Size {
        let side = |pixels: usize| u32::try_from(pixels / self.scale).unwrap_or(u32::MAX);
        Size::new(side(self.width), side(self.height))
    }
}

impl DrawTarget for Scaled<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, drawn: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(point, colour) in drawn {
            let (Ok(x), Ok(y)) = (usize::try_from(point.x), usize::try_from(point.y)) else {
                continue;
            };
            let (left, top) = (x * self.scale, y * self.scale);
            for y in top..(top + self.scale).min(self.height) {
                for x in left..(left + self.scale).min(self.width) {
                    let at = (y * self.width + x) * BYTES;
                    self.pixels[at..at + 3].copy_from_slice(&[colour.b(), colour.g(), colour.r()]);
                    self.pixels[at + 3] = 0;
                }
            }
        }
        Ok(())
    }
}

const LETTERS: Rgb888 = Rgb888::new(210, 210, 210);

/// How many lines a screen would have: the text is the larger the fewer.
const LINES_ON_A_SCREEN: usize = 24;
