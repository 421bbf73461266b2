//! Raw tiles: a median predictor over the finished neighbours, and green taken off the others.

use alloc::vec::Vec;

use crate::geometry::{Rect, TILE_SIDE};
use crate::picture::{Layout, Picture, word};

/// Appends the residuals of a tile, as planes of green, red less green, blue less green.
pub(crate) fn encode(picture: &Picture, rect: Rect, out: &mut Vec<u8>) {
    let layout = picture.layout();
    let width = rect.width as usize;
    let count = width * rect.height as usize;
    let start = out.len();
    out.resize(start + 3 * count, 0);
    let (green_plane, others) = out[start..].split_at_mut(count);
    let (red_plane, blue_plane) = others.split_at_mut(count);
    let planes = green_plane
        .chunks_exact_mut(width)
        .zip(red_plane.chunks_exact_mut(width))
        .zip(blue_plane.chunks_exact_mut(width));
    for (((green_out, red_out), blue_out), y) in planes.zip(rect.y..) {
        let current = picture.row(rect.x, y, rect.width);
        let above = match y.checked_sub(1) {
            Some(y) => picture.row(rect.x, y, rect.width),
            None => &[],
        };
        let edge = Edge::of(picture, rect.x, y);
        let green = residuals(current, above, edge, GREEN_SHIFT);
        let red = residuals(current, above, edge, layout.red_shift);
        let blue = residuals(current, above, edge, layout.blue_shift);
        green_out.copy_from_slice(&green[..width]);
        for (index, (red_out, blue_out)) in red_out.iter_mut().zip(blue_out).enumerate() {
            *red_out = red[index].wrapping_sub(green[index]);
            *blue_out = blue[index].wrapping_sub(green[index]);
        }
    }
}

/// Restores a tile from its planes; `None` if there are too few bytes.
pub(crate) fn decode(picture: &mut Picture, rect: Rect, planes: &[u8]) -> Option<()> {
    let layout = picture.layout();
    let width = rect.width as usize;
    let count = width * rect.height as usize;
    let (green_plane, others) = planes.split_at_checked(count)?;
    let (red_plane, blue_plane) = others.split_at_checked(count)?;
    let blue_plane = blue_plane.get(..count)?;
    let planes = green_plane
        .chunks_exact(width)
        .zip(red_plane.chunks_exact(width))
        .zip(blue_plane.chunks_exact(width));
    for (((green, red), blue), y) in planes.zip(rect.y..) {
        let Edge {
            mut left,
            mut corner,
        } = Edge::of(picture, rect.x, y);
        let (above, current) = picture.row_and_above(rect.x, y, rect.width);
        let residuals = green.iter().zip(red).zip(blue);
        for (index, (((&green, &red), &blue), out)) in
            residuals.zip(current.chunks_exact_mut(4)).enumerate()
        {
            let over = match above.get(index * 4..index * 4 + 4) {
                Some(pixel) => word(pixel),
                None => {
                    corner = left;
                    left
                }
            };
            let predict = |shift| {
                median(
                    channel(left, shift),
                    channel(over, shift),
                    channel(corner, shift),
                )
            };
            let red = red
                .wrapping_add(green)
                .wrapping_add(predict(layout.red_shift));
            let blue = blue
                .wrapping_add(green)
                .wrapping_add(predict(layout.blue_shift));
            let green = green.wrapping_add(predict(GREEN_SHIFT));
            left = pixel(layout, red, green, blue);
            corner = over;
            out.copy_from_slice(&left.to_le_bytes());
        }
    }
    Some(())
}

/// The pixels to the left of a row's first one, and above that.
///
/// At an edge of the picture a missing pixel takes the value of one that is there, else black.
#[derive(Clone, Copy)]
struct Edge {
    left: u32,
    corner: u32,
}

impl Edge {
    fn of(picture: &Picture, x: u32, y: u32) -> Self {
        let (left, corner) = match (x.checked_sub(1), y.checked_sub(1)) {
            (None, None) => (0, 0),
            (None, Some(above)) => {
                let above = picture.pixel(x, above);
                (above, above)
            }
            (Some(before), None) => {
                let left = picture.pixel(before, y);
                (left, left)
            }
            (Some(before), Some(above)) => (picture.pixel(before, y), picture.pixel(before, above)),
        };
        Self { left, corner }
    }
}

/// One channel's differences from their predictions along a row of at most a tile's width; the
/// row above is empty at the top of the picture.
fn residuals(current: &[u8], above: &[u8], edge: Edge, shift: u32) -> [u8; SIDE] {
    // One longer in front, for the pixels at the edge. All of the row is known, so that the
    // last loop has no order and becomes vector instructions.
    let mut here = [0i16; SIDE + 1];
    let mut over = [0i16; SIDE + 1];
    here[0] = channel(edge.left, shift);
    over[0] = channel(edge.corner, shift);
    for (value, pixel) in here[1..].iter_mut().zip(current.chunks_exact(4)) {
        *value = channel(word(pixel), shift);
    }
    if above.is_empty() {
        over.copy_from_slice(&here);
        over.copy_within(..SIDE, 1);
    } else {
        for (value, pixel) in over[1..].iter_mut().zip(above.chunks_exact(4)) {
            *value = channel(word(pixel), shift);
        }
    }
    let mut out = [0; SIDE];
    for (index, out) in out.iter_mut().enumerate() {
        let predicted = median(here[index], over[index + 1], over[index]);
        *out = (here[index + 1] as u8).wrapping_sub(predicted);
    }
    out
}

/// Left plus above less corner, kept between left and above.
#[inline(always)]
fn median(left: i16, above: i16, corner: i16) -> u8 {
    let low = left.min(above);
    let high = left.max(above);
    (left + above - corner).max(low).min(high) as u8
}

#[inline(always)]
fn channel(pixel: u32, shift: u32) -> i16 {
    i16::from((pixel >> shift) as u8)
}

#[inline(always)]
fn pixel(layout: Layout, red: u8, green: u8, blue: u8) -> u32 {
    layout.fill
        | (u32::from(red) << layout.red_shift)
        | (u32::from(green) << GREEN_SHIFT)
        | (u32::from(blue) << layout.blue_shift)
}

const SIDE: usize = TILE_SIDE as usize;
const GREEN_SHIFT: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::PictureSize;
    use crate::picture::PixelOrder;

    /// A picture whose colours jump.
    fn picture() -> Picture {
        let size = PictureSize::new(37, 21).unwrap();
        let mut picture = Picture::new(size, Layout::new(PixelOrder::Bgrx, 0));
        for y in 0..21u32 {
            for x in 0..37u32 {
                let value = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA6B) ^ (x * y);
                picture.set_pixel(x, y, value & 0x00FF_FFFF);
            }
        }
        picture
    }

    /// The residuals by the words of the specification, pixel by pixel.
    fn reference(picture: &Picture, rect: Rect) -> Vec<u8> {
        let mut planes = [const { Vec::new() }; 3];
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                let around = match (x, y) {
                    (0, 0) => [0; 3],
                    (_, 0) => [picture.pixel(x - 1, y); 3],
                    (0, _) => [picture.pixel(x, y - 1); 3],
                    _ => [(1, 0), (0, 1), (1, 1)].map(|(dx, dy)| picture.pixel(x - dx, y - dy)),
                };
                let residual = |shift: u32| {
                    let [left, above, corner] = around.map(|pixel| (pixel >> shift) as u8);
                    let predicted = if corner >= left.max(above) {
                        left.min(above)
                    } else if corner <= left.min(above) {
                        left.max(above)
                    } else {
                        left.wrapping_add(above).wrapping_sub(corner)
                    };
                    ((picture.pixel(x, y) >> shift) as u8).wrapping_sub(predicted)
                };
                let green = residual(8);
                planes[0].push(green);
                planes[1].push(residual(16).wrapping_sub(green));
                planes[2].push(residual(0).wrapping_sub(green));
            }
        }
        planes.concat()
    }

    #[test]
    fn residuals_are_those_of_the_reference_and_give_the_tile_back() {
        let original = picture();
        for index in 0..original.size().tiles() {
            let rect = original.size().tile_rect(index);
            let mut planes = Vec::new();
            encode(&original, rect, &mut planes);
            assert_eq!(planes, reference(&original, rect));
            let mut restored = original.clone();
            restored.fill(rect, 0);
            assert_eq!(decode(&mut restored, rect, &planes), Some(()));
            assert_eq!(restored.bytes(), original.bytes());
            assert_eq!(decode(&mut restored, rect, &planes[1..]), None);
        }
    }
}
