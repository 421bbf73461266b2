//! Segments that the tests make, and what their pictures look like.

use eidetic_codec::{
    Damage, Encoded, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime, PictureSize,
    SegmentWriter, Totals,
};

/// 2026-11-20 13:05:10 UTC, in microseconds.
pub const START: i64 = 1795179910_000_000;

/// A segment of pictures that come at these milliseconds after `start`, each another one.
pub struct Pictures<'a> {
    pub width: u32,
    pub height: u32,
    /// Seconds after [`START`].
    pub start: i64,
    pub at: &'a [u64],
    /// Milliseconds after `start`.
    pub end: u64,
}

impl Pictures<'_> {
    pub fn segment(&self) -> Vec<u8> {
        let size = PictureSize::new(self.width, self.height).unwrap();
        let mut encoder = Encoder::new(EncoderConfig::new(size)).unwrap();
        let start = START + self.start * 1_000_000;
        let header = encoder.segment_header(start, FrameInterval::Variable);
        let mut bytes = Vec::new();
        let mut writer = SegmentWriter::begin(&header, &mut bytes);
        for (number, &at) in self.at.iter().enumerate() {
            let data = picture(self.width, self.height, number);
            let frame = FrameRef {
                data: &data,
                stride: self.width as usize * 4,
            };
            let time = MediaTime::from_micros(at * 1000);
            if let Encoded::Packet(packet) =
                encoder.encode(frame, Damage::Unknown, time).unwrap()
            {
                writer.append(&packet, &mut bytes).unwrap();
            }
        }
        let totals = Totals {
            frames: self.at.len() as u64,
            final_hash: encoder.picture_hash(),
            encode_cpu_micros: None,
        };
        let end = MediaTime::from_micros(self.end * 1000);
        writer.finish(end, totals, &mut bytes).unwrap();
        bytes
    }
}

/// The pixels of one of the pictures (blue, green, red, 0): a background of a colour of its own
/// with dark strokes on it.
pub fn picture(width: u32, height: u32, number: usize) -> Vec<u8> {
    let colours = [
        [230, 240, 250],
        [250, 200, 60],
        [90, 210, 120],
        [60, 80, 220],
        [200, 120, 200],
    ];
    let [blue, green, red] = colours[number % colours.len()];
    let pixels = (0..width * height).flat_map(|at| {
        let (x, y) = (at % width, at / width);
        let is_stroke = y % 16 < 10 && (x + y * 3) % 11 < 2;
        match is_stroke {
            true => [20, 20, 20, 0],
            false => [blue, green, red, 0],
        }
    });
    pixels.collect()
}
