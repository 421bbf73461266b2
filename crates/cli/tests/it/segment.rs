//! Segments that the tests make, and what their pictures look like.

use eidetic_codec::{
    Damage, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime, PictureSize, SegmentWriter,
    Totals,
};

/// 2026-11-20 13:05:10 UTC, in microseconds.
pub const START: i64 = 1_795_179_910_000_000;

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
        let pictures: Vec<_> = (0..COLOURS.len())
            .map(|number| picture(self.width, self.height, number))
            .collect();
        for (number, &at) in self.at.iter().enumerate() {
            let frame = FrameRef {
                data: &pictures[number % COLOURS.len()],
                stride: self.width as usize * 4,
            };
            let time = MediaTime::from_micros(at * 1000);
            let encoded = encoder.encode(frame, Damage::Unknown, time).unwrap();
            for packet in encoded.packets() {
                writer.append(&packet, &mut bytes).unwrap();
            }
        }
        if let Some(packet) = encoder.flush() {
            writer.append(&packet, &mut bytes).unwrap();
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
    let [blue, green, red] = COLOURS[number % COLOURS.len()];
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

/// Greys, because videos have one colour for each four pixels; and one colour.
const COLOURS: [[u8; 3]; 5] = [
    [235, 235, 235],
    [190, 190, 190],
    [150, 150, 150],
    [110, 110, 110],
    COLOURED,
];

/// Of the last picture: a red.
pub const COLOURED: [u8; 3] = [60, 50, 210];
