//! What must hold for any input: the fuzzers and the ordinary tests ask these.

use alloc::vec;
use alloc::vec::Vec;

use crate::encoder::changed_tiles_reference;
use crate::picture::{Layout, Picture};
use crate::{
    Damage, Decoder, DecoderLimits, Encoded, Encoder, EncoderConfig, FrameInterval, FrameRef,
    KeyFramePolicy, MediaTime, Packet, PacketKind, PacketScanner, PictureSize, PixelOrder, Rect,
    SegmentHeader, SegmentReader, SegmentWriter, Totals, decoder_memory_bytes,
};

/// Feeds bytes to everything that reads, in a way that the first byte chooses: as a segment,
/// as packets whose checksums match, or as the content of packets.
///
/// # Panics
///
/// If a reader panics, or scanner and reader disagree.
pub fn decode_any(data: &[u8]) {
    match data.split_first() {
        Some((0, rest)) => decode_payloads(rest),
        Some((1, rest)) => decode_contents(rest),
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
    config.cache_log2 = script.byte() % 7;
    config.window_log2 = 10 + script.byte() % 10;
    config.max_palette = 2 + usize::from(script.byte() % 127);
    config.level = 1 + i32::from(script.byte() % 4);
    config.fourth_byte = script.byte();
    config.packets_between_hashes = 1 + u32::from(script.byte() % 4);
    config.key_frames = KeyFramePolicy {
        size_ratio: u32::from(script.byte() % 4),
        min_bytes: usize::from(script.byte()) * 16,
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
        let damage = canvas.draw(&mut script);
        let damage = match script.byte() % 3 {
            0 => Damage::Unknown,
            _ => Damage::Rects(&damage),
        };
        let frame = FrameRef {
            data: &canvas.bytes,
            stride: size.row_bytes(),
        };
        let changed = !changed_tiles_reference(frame, &shown).is_empty();
        let first = expected.is_empty();
        micros += u64::from(script.byte());
        let encoded = encoder.encode(frame, damage, MediaTime::from_micros(micros));
        match encoded.expect("the frame has the right size") {
            Encoded::Unchanged => assert!(!changed, "a change was missed"),
            Encoded::Packet(packet) => {
                assert!(changed || first, "a change was made up");
                assert!(packet.kind == PacketKind::Key || !first);
                writer.append(&packet, &mut segment).expect("time goes on");
                expected.push((micros, canvas.with_fourth_byte(config.fourth_byte)));
            }
        }
        shown
            .row_mut(0, 0, size.width() * size.height())
            .copy_from_slice(&canvas.bytes);
    }
    if expected.is_empty() {
        return;
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
fn expect_frames(segment: &[u8], expected: &[(u64, Vec<u8>)]) {
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
        let (micros, pixels) = expected.next().expect("no extra packet");
        assert_eq!(packet.time.as_micros(), *micros);
        decoder.decode(&packet).expect("good content");
        assert!(decoder.pixels() == pixels, "the picture differs");
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

/// Length-prefixed contents, each as a packet with one uncompressed block.
fn decode_contents(data: &[u8]) {
    let mut script = Script { rest: data };
    let mut decoder = small_decoder(&mut script);
    while !script.rest.is_empty() {
        let (kind, content) = script.packet();
        let mut payload = Vec::new();
        crate::bytes::put_varint(&mut payload, content.len() as u64);
        if kind == PacketKind::Key {
            payload.extend_from_slice(&[0x28, 0xB5, 0x2F, 0xFD, 0, 0]);
        }
        // A raw block that is not the last.
        let head = (content.len() as u32) << 3;
        payload.extend_from_slice(&head.to_le_bytes()[..3]);
        payload.extend_from_slice(content);
        apply(&mut decoder, kind, &payload);
    }
}

fn apply(decoder: &mut Decoder, kind: PacketKind, payload: &[u8]) {
    let _ = decoder.decode(&Packet {
        kind,
        time: MediaTime::ZERO,
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
        cache_log2: script.byte() % 6,
        window_log2: 10 + script.byte() % 8,
    };
    assert!(decoder_memory_bytes(&header) <= LIMITS.max_memory_bytes);
    Decoder::new(&header, LIMITS, PixelOrder::Bgrx).expect("within the limits")
}

/// A picture that a script draws on.
struct Canvas {
    size: PictureSize,
    bytes: Vec<u8>,
}

impl Canvas {
    fn new(size: PictureSize) -> Self {
        Self {
            size,
            bytes: vec![0; size.bytes()],
        }
    }

    /// Does one to four things and returns where.
    fn draw(&mut self, script: &mut Script<'_>) -> Vec<Rect> {
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

    fn with_fourth_byte(&self, value: u8) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes
            .iter_mut()
            .skip(3)
            .step_by(4)
            .for_each(|byte| *byte = value);
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
const MAX_FRAMES: usize = 40;

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

        #[test]
        fn any_operations_on_tiles_stay_inside_of_the_picture(
            mut data in proptest::collection::vec(any::<u8>(), 8..400),
        ) {
            // Content whose sections mostly have sensible lengths.
            data[0] = 1;
            data[5] = 0;
            data[6] = (data.len() - 8) as u8;
            data[7] = 0;
            decode_any(&data);
        }
    }
}
