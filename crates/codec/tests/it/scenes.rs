//! Pictures and short films that look like desktops.

use eidetic_codec::{
    Damage, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime, PictureSize, SegmentWriter,
    Totals,
};

/// A picture that tests draw on.
#[derive(Clone)]
pub struct Scene {
    pub size: PictureSize,
    pub pixels: Vec<u8>,
}

impl Scene {
    pub fn new(width: u32, height: u32) -> Self {
        let size = PictureSize::new(width, height).unwrap();
        Self {
            size,
            pixels: vec![0; size.bytes()],
        }
    }

    /// Sets every pixel from its place.
    pub fn paint(&mut self, colour: impl Fn(u32, u32) -> u32) {
        let width = self.size.width();
        for (pixel, index) in self.pixels.chunks_exact_mut(4).zip(0..) {
            let [blue, green, red, _] = colour(index % width, index / width).to_le_bytes();
            pixel.copy_from_slice(&[blue, green, red, 0]);
        }
    }

    /// Something like a page of text that starts at line `top`.
    pub fn text(&mut self, top: u32) {
        self.paint(|x, y| {
            let line = (y + top) / 14;
            let letter = hash(line.wrapping_mul(977) + x / 7) % 60;
            let ink = hash(letter * 331 + (x % 7) * 17 + (y + top) % 14) % 5;
            match ((y + top) % 14, letter) {
                (0..3, _) | (_, 0..12) => 0xF8F8F8,
                _ => [0xF8F8F8, 0x101010, 0x808080, 0xC0C0C0, 0xF8F8F8][ink as usize],
            }
        });
    }

    pub fn frame(&self) -> FrameRef<'_> {
        FrameRef {
            data: &self.pixels,
            stride: self.size.width() as usize * 4,
        }
    }
}

/// A number that looks random.
pub fn hash(value: u32) -> u32 {
    let mixed = (value ^ 0x5bd1).wrapping_mul(0x9E37_79B1);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA6B);
    mixed ^ (mixed >> 13)
}

/// A finished segment of these scenes, one every 10 ms.
pub fn segment(config: EncoderConfig, scenes: &[Scene]) -> Vec<u8> {
    let mut encoder = Encoder::new(config).unwrap();
    let mut out = Vec::new();
    let header = encoder.segment_header(1_700_000_000_000_000, FrameInterval::Variable);
    let mut writer = SegmentWriter::begin(&header, &mut out);
    let mut time = MediaTime::ZERO;
    for (scene, index) in scenes.iter().zip(0..) {
        time = MediaTime::from_micros(index * 10_000);
        let encoded = encoder.encode(scene.frame(), Damage::Unknown, time);
        for packet in encoded.unwrap().packets() {
            writer.append(&packet, &mut out).unwrap();
        }
    }
    if let Some(packet) = encoder.flush() {
        writer.append(&packet, &mut out).unwrap();
    }
    let totals = Totals {
        frames: scenes.len() as u64,
        final_hash: encoder.picture_hash(),
        encode_cpu_micros: Some(12),
    };
    writer.finish(time, totals, &mut out).unwrap();
    out
}
