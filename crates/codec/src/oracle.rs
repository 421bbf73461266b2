//! What must hold for any input: the fuzzers and the ordinary tests ask these.

use alloc::vec;
use alloc::vec::Vec;

use crate::encoder::{changed_tiles_reference, grey};
use crate::picture::{Layout, Picture};
use crate::{
    Damage, Decoder, DecoderLimits, Encoded, Encoder, EncoderConfig, FrameInterval, FrameRef,
    KeyFramePolicy, MediaTime, Packet, PacketKind, PacketScanner, PictureSize, PixelOrder, Quality,
    Rect, SegmentHeader, SegmentReader, SegmentWriter, Totals, decoder_memory_bytes,
};

/// Feeds bytes to everything that reads, in a way that the first byte chooses: as a segment,
/// or as packets whose checksums match.
///
/// # Panics
///
/// If a reader panics, or scanner and reader disagree.
pub fn decode_any(data: &[u8]) {
    match data.split_first() {
        Some((0, rest)) => decode_payloads(rest),
        _ => decode_segment(data),
    }
}

/// Makes frames after a script in `data`, encodes them, and expects them all back.
///
/// # Panics
///
/// If anything comes back different.
pub fn round_trip(data: &[u8]) {
    let mut script = Script { rest: data };
    let size = script.size();
    let mut config = EncoderConfig::new(size);
    config.quality = [
        Quality::Lossless,
        Quality::Low,
        Quality::High,
        Quality::Medium,
    ][usize::from(script.byte() % 4)];
    let is_exact = config.quality == Quality::Lossless;
    config.grayscale = script.byte().is_multiple_of(8);
    config.cache_slots = 1 + u16::from(script.byte()) % 80;
    config.fourth_byte = script.byte();
    // Where something may be lost the hashes tell whether the decoder shows what the encoder meant.
    config.exact_times = true;
    config.packets_between_hashes = match script.byte() % 4 {
        more if is_exact => 1 + u32::from(more),
        _ => 1,
    };
    config.key_frames = KeyFramePolicy {
        max_work_micros: u64::from(script.byte()) * 8,
        max_packets: 1 + u32::from(script.byte()),
    };
    let mut encoder = Encoder::new(config).expect("every setting is in range");
    let mut segment = Vec::new();
    let header = encoder.segment_header(-1, FrameInterval::Variable);
    let mut writer = SegmentWriter::begin(&header, &mut segment);
    let mut canvas = Canvas::new(size);
    let mut shown = Picture::new(size, Layout::new(PixelOrder::Bgrx, 0));
    let mut expected = Vec::new();
    let mut micros = 0;
    while !script.rest.is_empty() && expected.len() < MAX_FRAMES {
        // Now and then what was there before, as a blinking cursor does.
        let damage = match script.byte() % 4 {
            0 => canvas.undo(),
            _ => canvas.draw(&mut script),
        };
        let damage = match script.byte() % 3 {
            0 => Damage::Unknown,
            _ => Damage::Rects(&damage),
        };
        let wanted = canvas.wanted(config.grayscale, 0);
        let frame = FrameRef {
            data: &canvas.bytes,
            stride: size.row_bytes(),
        };
        let target = FrameRef {
            data: &wanted,
            stride: size.row_bytes(),
        };
        let changed = !changed_tiles_reference(target, &shown).is_empty();
        let first = expected.is_empty();
        micros += u64::from(script.byte()) * 4_999;
        let encoded = encoder.encode(frame, damage, MediaTime::from_micros(micros));
        let encoded = encoded.expect("the frame has the right size");
        if encoded == Encoded::Unchanged {
            assert!(!changed || !is_exact, "a change was missed");
        } else {
            assert!(changed || first || !is_exact, "a change was made up");
            let pixels = canvas.wanted(config.grayscale, config.fourth_byte);
            expected.push((micros, is_exact.then_some(pixels)));
        }
        for packet in encoded.packets() {
            writer.append(&packet, &mut segment).expect("time goes on");
        }
        shown
            .row_mut(0, 0, size.width() * size.height())
            .copy_from_slice(&wanted);
    }
    if expected.is_empty() {
        return;
    }
    if let Some(packet) = encoder.flush() {
        writer.append(&packet, &mut segment).expect("time goes on");
    }
    // What stands still becomes exact.
    let wanted = canvas.wanted(config.grayscale, config.fourth_byte);
    while let Some(time) = encoder.wants_frame_at() {
        micros = micros.max(time.as_micros());
        let frame = FrameRef {
            data: &canvas.bytes,
            stride: size.row_bytes(),
        };
        let encoded = encoder.encode(frame, Damage::Rects(&[]), MediaTime::from_micros(micros));
        let packets = encoded.expect("the frame has the right size").packets();
        assert!(!packets.is_empty(), "a frame was wanted for nothing");
        expected.push((micros, None));
        for packet in packets {
            writer.append(&packet, &mut segment).expect("time goes on");
        }
    }
    if let Some((_, pixels)) = expected.last_mut()
        && config.quality != Quality::Low
    {
        *pixels = Some(wanted);
    }
    if let Some(packet) = encoder.flush() {
        writer.append(&packet, &mut segment).expect("time goes on");
    }
    let totals = Totals {
        frames: expected.len() as u64,
        final_hash: encoder.picture_hash(),
        encode_cpu_micros: None,
    };
    writer
        .finish(MediaTime::from_micros(micros), totals, &mut segment)
        .expect("time goes on");
    expect_frames(&segment, &expected);
}

/// Decodes a segment and compares every frame.
fn expect_frames(segment: &[u8], expected: &[(u64, Option<Vec<u8>>)]) {
    let mut reader = SegmentReader::new();
    reader.push(segment);
    let header = reader.header().expect("good header").expect("whole header");
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx)
        .expect("within the limits");
    let mut expected = expected.iter();
    while let Some(packet) = reader.next_packet().expect("good packet") {
        if packet.kind == PacketKind::End {
            break;
        }
        decoder.begin(&packet).expect("good packet");
        while let Some(time) = decoder.next_time() {
            let (micros, pixels) = expected.next().expect("no extra frame");
            assert_eq!(time.as_micros(), *micros);
            decoder.next_frame().expect("good content");
            if let Some(pixels) = pixels {
                assert!(decoder.pixels() == pixels, "the picture differs");
            }
        }
    }
    assert!(reader.has_ended() && expected.next().is_none());
    let mut scanner = PacketScanner::new();
    for piece in segment.chunks(7) {
        scanner.push(piece, |_| {}).expect("good segment");
    }
    assert!(scanner.has_ended());
    assert_eq!(scanner.complete_bytes(), segment.len() as u64);
}

fn decode_segment(data: &[u8]) {
    let mut scanner = PacketScanner::new();
    let mut scanned = Vec::new();
    let mut scan = Ok(());
    for piece in data.chunks(61) {
        scan = scanner.push(piece, |packet| scanned.push((packet.offset, packet.time)));
        if scan.is_err() {
            break;
        }
    }
    let mut reader = SegmentReader::new();
    let mut read = Vec::new();
    let mut decoder = None;
    let mut result = Ok(());
    'pieces: for piece in data.chunks(113) {
        reader.push(piece);
        loop {
            match reader.header() {
                Ok(Some(header)) if decoder.is_none() => {
                    decoder = Some(Decoder::new(&header, LIMITS, PixelOrder::Rgba));
                }
                Ok(_) => {}
                Err(error) => {
                    result = Err(error);
                    break 'pieces;
                }
            }
            match reader.next_packet() {
                Ok(Some(packet)) => {
                    read.push((packet.offset, packet.time));
                    if let Some(Ok(decoder)) = &mut decoder {
                        let _ = decoder.decode(&packet);
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    result = Err(error);
                    break 'pieces;
                }
            }
        }
    }
    assert_eq!(scanned, read);
    assert_eq!(scan, result);
}

/// Length-prefixed payloads, each as a key or delta packet.
fn decode_payloads(data: &[u8]) {
    let mut script = Script { rest: data };
    let mut decoder = small_decoder(&mut script);
    while !script.rest.is_empty() {
        let (kind, payload) = script.packet();
        apply(&mut decoder, kind, payload);
    }
}

fn apply(decoder: &mut Decoder, kind: PacketKind, payload: &[u8]) {
    let _ = decoder.decode(&Packet {
        kind,
        time: MediaTime::ZERO,
        last_time: MediaTime::from_micros(1 << 40),
        offset: 0,
        number: 0,
        hash: None,
        payload,
    });
    let covered: u64 = decoder
        .take_changes()
        .iter()
        .map(|rect| u64::from(rect.width) * u64::from(rect.height))
        .sum();
    assert!(covered <= decoder.pixels().len() as u64 / 4);
}

fn small_decoder(script: &mut Script<'_>) -> Decoder {
    let header = SegmentHeader {
        size: script.size(),
        start_unix_micros: 0,
        interval: FrameInterval::Variable,
        fourth_byte: 0,
        cache_slots: 1 + u16::from(script.byte()),
    };
    assert!(decoder_memory_bytes(&header) <= LIMITS.max_memory_bytes);
    Decoder::new(&header, LIMITS, PixelOrder::Bgrx).expect("within the limits")
}

/// A picture that a script draws on.
struct Canvas {
    size: PictureSize,
    bytes: Vec<u8>,
    /// What it was before the last change.
    before: Vec<u8>,
}

impl Canvas {
    fn new(size: PictureSize) -> Self {
        Self {
            size,
            bytes: vec![0; size.bytes()],
            before: vec![0; size.bytes()],
        }
    }

    /// Takes the last change back; it may have been anywhere.
    fn undo(&mut self) -> Vec<Rect> {
        core::mem::swap(&mut self.bytes, &mut self.before);
        vec![Rect {
            x: 0,
            y: 0,
            width: self.size.width(),
            height: self.size.height(),
        }]
    }

    /// Does one to four things and returns where.
    fn draw(&mut self, script: &mut Script<'_>) -> Vec<Rect> {
        self.before.clone_from(&self.bytes);
        let count = 1 + script.byte() % 4;
        (0..count)
            .map(|_| {
                let rect = script.rect(self.size);
                match script.byte() % 5 {
                    0 => self.fill(rect, &[script.colour()]),
                    1 => self.fill(rect, &[script.colour(), script.colour(), script.colour()]),
                    2 => self.noise(rect, script.byte()),
                    3 => self.gradient(rect, script.byte()),
                    _ => self.scroll(rect, usize::from(script.byte() % 24) + 1),
                }
                rect
            })
            .collect()
    }

    /// What a decoder is to make of it.
    fn wanted(&self, grayscale: bool, fourth_byte: u8) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for pixel in bytes.as_chunks_mut::<4>().0 {
            if grayscale {
                *pixel = grey(u32::from_le_bytes(*pixel)).to_le_bytes();
            }
            pixel[3] = fourth_byte;
        }
        bytes
    }

    fn fill(&mut self, rect: Rect, colours: &[[u8; 4]]) {
        self.paint(rect, |x, y| {
            colours[(x * 7 + y * y) as usize % colours.len()]
        });
    }

    fn noise(&mut self, rect: Rect, seed: u8) {
        self.paint(rect, |x, y| {
            let mixed = (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA6B))
                .wrapping_add(u32::from(seed) << 11);
            (mixed ^ (mixed >> 15))
                .wrapping_mul(0xC2B2_AE35)
                .to_le_bytes()
        });
    }

    fn gradient(&mut self, rect: Rect, slope: u8) {
        self.paint(rect, |x, y| {
            [x as u8, y as u8, (x + y) as u8 ^ slope, slope]
        });
    }

    fn paint(&mut self, rect: Rect, colour: impl Fn(u32, u32) -> [u8; 4]) {
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                let start = y as usize * self.size.row_bytes() + x as usize * 4;
                self.bytes[start..start + 4].copy_from_slice(&colour(x, y));
            }
        }
    }

    fn scroll(&mut self, rect: Rect, by: usize) {
        let row = self.size.row_bytes();
        let width = rect.width as usize * 4;
        for y in rect.y as usize..(rect.y + rect.height) as usize {
            let source = y + by;
            if source < (rect.y + rect.height) as usize {
                let from = source * row + rect.x as usize * 4;
                let to = y * row + rect.x as usize * 4;
                self.bytes.copy_within(from..from + width, to);
            }
        }
    }
}

/// Bytes that decide; zeros at the end.
struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        byte
    }

    fn size(&mut self) -> PictureSize {
        let width = 1 + u32::from(self.byte()) % 150;
        let height = 1 + u32::from(self.byte()) % 150;
        PictureSize::new(width, height).expect("both sides are small and not 0")
    }

    fn colour(&mut self) -> [u8; 4] {
        [self.byte(), self.byte(), self.byte(), self.byte()]
    }

    fn rect(&mut self, size: PictureSize) -> Rect {
        let x = u32::from(self.byte()) % size.width();
        let y = u32::from(self.byte()) % size.height();
        Rect {
            x,
            y,
            width: 1 + u32::from(self.byte()) % (size.width() - x),
            height: 1 + u32::from(self.byte()) % (size.height() - y),
        }
    }

    fn packet(&mut self) -> (PacketKind, &'a [u8]) {
        let kind = if self.byte().is_multiple_of(4) {
            PacketKind::Key
        } else {
            PacketKind::Delta
        };
        let length = usize::from(u16::from_le_bytes([self.byte(), self.byte()]));
        let (payload, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        (kind, payload)
    }
}

const LIMITS: DecoderLimits = DecoderLimits {
    max_width: 512,
    max_height: 512,
    max_memory_bytes: 64 << 20,
};
const MAX_FRAMES: usize = 120;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::path::Path;

    use super::*;

    /// Asks an oracle about every file in a folder of former crashes.
    fn replay(folder: &str, oracle: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("test_data/fuzz_regression")
            .join(folder);
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            oracle(&std::fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "no files in {}", folder.display());
    }

    #[test]
    fn former_crashes_of_decoding_stay_fixed() {
        replay("decode_any", decode_any);
    }

    #[test]
    fn former_crashes_of_the_round_trip_stay_fixed() {
        replay("round_trip", round_trip);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn any_bytes_decode_to_a_picture_or_an_error(
            data in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            decode_any(&data);
        }

        #[test]
        fn any_script_of_frames_comes_back(
            data in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            round_trip(&data);
        }
    }
}
