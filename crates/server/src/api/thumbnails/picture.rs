//! From packets to a small PNG.

use eidetic_codec::{
    DecodeError, Decoder, DecoderLimits, HashCheck, HeaderProgress, MediaTime, PixelOrder,
    SegmentError, SegmentHeader, SegmentReader,
};
use eidetic_model::Timestamp;

use super::choice::SegmentPart;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The header or a packet cannot be read.
    #[error("failed to read the segment")]
    Segment(#[from] SegmentError),
    /// The header cannot be read.
    #[error("failed to read the segment's header")]
    Header(#[from] eidetic_codec::HeaderError),
    /// A packet cannot be decoded, or needs too much memory.
    #[error("failed to decode a frame")]
    Decode(#[from] DecodeError),
    /// There is no whole key frame.
    #[error("there is no whole frame yet")]
    NoFrame,
    /// The PNG cannot be written.
    #[error("failed to write the picture")]
    Png(#[from] png::EncodingError),
}

/// The last frame of the part that is not after `until`, at most 320 pixels wide, as PNG.
///
/// # Errors
///
/// If there is no frame that can be decoded.
pub fn make(part: &SegmentPart, until: Timestamp) -> Result<Vec<u8>, PictureError> {
    let HeaderProgress::Complete(header, _) = SegmentHeader::read(&part.head)? else {
        return Err(PictureError::NoFrame);
    };
    let decoder = decode(part, header, until)?;
    let size = decoder.size();
    let small = Small::of(decoder.pixels(), size.width(), size.height());
    Ok(small.to_png()?)
}

fn decode(
    part: &SegmentPart,
    header: SegmentHeader,
    until: Timestamp,
) -> Result<Decoder, PictureError> {
    let limits = DecoderLimits {
        max_memory_bytes: MAX_DECODER_BYTES,
        ..DecoderLimits::default()
    };
    let until = i128::from(until.as_unix_micros()) - i128::from(header.start_unix_micros);
    let until = MediaTime::from_micros(u64::try_from(until.max(0)).unwrap_or(u64::MAX));
    let mut decoder =
        Decoder::new(&header, limits, PixelOrder::Rgba)?.with_hash_check(HashCheck::Trust);
    let mut reader = SegmentReader::at_key_frame(header, part.offset);
    reader.push(&part.packets);
    let mut frames = 0;
    while let Some((_, time)) = reader.peek()? {
        if frames > 0 && (time > until || frames == MAX_FRAMES) {
            break;
        }
        let Some(packet) = reader.next_packet()? else {
            break;
        };
        if packet.kind.is_frame() {
            decoder.decode(&packet)?;
            frames += 1;
        }
    }
    if frames == 0 {
        return Err(PictureError::NoFrame);
    }
    Ok(decoder)
}

/// A small picture: three bytes a pixel, red first.
struct Small {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Small {
    /// Each pixel is the average of those of the large picture (four bytes each, red first) that
    /// fall on it.
    fn of(pixels: &[u8], width: u32, height: u32) -> Self {
        let small_width = width.min(MAX_WIDTH);
        let scaled = u64::from(height) * u64::from(small_width) / u64::from(width.max(1));
        let small_height = u32::try_from(scaled)
            .unwrap_or(height)
            .clamp(1, height.max(1));
        let column_of: Vec<usize> = places(width, small_width).collect();
        let mut sums = vec![[0_u64; 4]; small_width as usize * small_height as usize];
        let rows = pixels.chunks_exact(width.max(1) as usize * 4);
        for (row, y) in rows.zip(places(height, small_height)) {
            let line = &mut sums[y * small_width as usize..][..small_width as usize];
            for (pixel, x) in row.chunks_exact(4).zip(&column_of) {
                let sum = &mut line[*x];
                for (total, colour) in sum.iter_mut().zip(&pixel[..3]) {
                    *total += u64::from(*colour);
                }
                sum[3] += 1;
            }
        }
        let average = |[red, green, blue, count]: [u64; 4]| {
            [red, green, blue].map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
        };
        Self {
            width: small_width,
            height: small_height,
            pixels: sums.into_iter().flat_map(average).collect(),
        }
    }

    fn to_png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(bytes)
    }
}

/// On which of `small` places each of `large` falls.
fn places(large: u32, small: u32) -> impl Iterator<Item = usize> {
    let place = move |n: u32| u64::from(n) * u64::from(small) / u64::from(large.max(1));
    (0..large).map(move |n| usize::try_from(place(n)).unwrap_or(0))
}

const MAX_WIDTH: u32 = 320;

/// A bound for the time that one thumbnail takes.
const MAX_FRAMES: u32 = 2000;

/// Enough for a display of 7680x4320.
const MAX_DECODER_BYTES: usize = 640 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_averages_and_keeps_the_shape() {
        // 640x400: the left half white, the right half black, but for a white last column.
        let pixel = |x: usize| {
            if x < 320 || x == 639 {
                [255; 4]
            } else {
                [0, 0, 0, 255]
            }
        };
        let row: Vec<u8> = (0..640).flat_map(pixel).collect();
        let small = Small::of(&row.repeat(400), 640, 400);
        assert_eq!((small.width, small.height), (320, 200));
        assert_eq!(small.pixels[..3], [255; 3]);
        assert_eq!(small.pixels[200 * 3..][..3], [0; 3]);
        assert_eq!(small.pixels[319 * 3..][..3], [127; 3]);
    }

    #[test]
    fn odd_shapes_have_at_least_a_pixel_in_each_direction() {
        for (width, height) in [(1, 1), (8192, 1), (1, 8192), (321, 7)] {
            let pixels = vec![9; width as usize * height as usize * 4];
            let small = Small::of(&pixels, width, height);
            assert!(small.width >= 1 && small.height >= 1 && small.width <= 320);
            assert!(small.pixels.iter().all(|colour| *colour == 9));
            small.to_png().unwrap();
        }
    }
}
