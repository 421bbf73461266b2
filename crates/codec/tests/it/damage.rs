//! Damaged and cut segments: everything before the damage is read, and its place is named.

use eidetic_codec::{
    Decoder, DecoderLimits, EncoderConfig, PacketScanner, PixelOrder, SegmentError, SegmentReader,
};

use crate::scenes::{Scene, segment};

fn small_segment() -> Vec<u8> {
    let scenes: Vec<_> = (0..6)
        .map(|index| {
            let mut scene = Scene::new(48, 40);
            scene.text(index * 5);
            scene
        })
        .collect();
    segment(EncoderConfig::new(scenes[0].size), &scenes)
}

/// Offsets at which packets end, the header's end first.
fn boundaries(bytes: &[u8]) -> Vec<u64> {
    let mut scanner = PacketScanner::new();
    let mut ends = Vec::new();
    scanner
        .push(bytes, |packet| ends.push(packet.offset + packet.bytes))
        .unwrap();
    assert!(scanner.has_ended());
    ends
}

/// Decodes what can be: the pictures' number, and how reading ended.
fn decode(bytes: &[u8]) -> (usize, Result<bool, SegmentError>) {
    let mut reader = SegmentReader::new();
    reader.push(bytes);
    let mut decoder = match reader.header() {
        Ok(Some(header)) => {
            Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx).unwrap()
        }
        Ok(None) => return (0, Ok(false)),
        Err(error) => return (0, Err(error)),
    };
    let mut pictures = 0;
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) if packet.kind.is_frame() => {
                decoder.decode(&packet).unwrap();
                pictures += 1;
            }
            Ok(Some(_)) => {}
            Ok(None) => return (pictures, Ok(reader.has_ended())),
            Err(error) => return (pictures, Err(error)),
        }
    }
}

#[test]
fn a_segment_cut_at_any_byte_reads_up_to_its_last_whole_packet() {
    let bytes = small_segment();
    let ends = boundaries(&bytes);
    for length in 0..bytes.len() {
        let whole = ends.iter().filter(|&&end| end <= length as u64).count();
        assert_eq!(
            decode(&bytes[..length]),
            (whole, Ok(false)),
            "{length} bytes"
        );
        let mut scanner = PacketScanner::new();
        scanner.push(&bytes[..length], |_| {}).unwrap();
        assert_eq!(scanner.packets(), whole as u64);
        if let Some(&end) = ends[..whole].last() {
            assert_eq!(scanner.complete_bytes(), end);
        }
    }
    assert_eq!(decode(&bytes), (ends.len() - 1, Ok(true)));
}

#[test]
fn every_flipped_bit_is_found_in_its_packet() {
    let bytes = small_segment();
    let ends = boundaries(&bytes);
    for index in 48..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1 << bit;
            let before = ends.iter().filter(|&&end| end <= index as u64).count();
            let start = before.checked_sub(1).map_or(48, |last| ends[last]);
            let (pictures, result) = decode(&damaged);
            assert_eq!(pictures, before.min(ends.len() - 1));
            match result {
                // A length that now reaches beyond the end looks like a cut.
                Ok(ended) => assert!(!ended, "byte {index} bit {bit}"),
                Err(SegmentError::Packet { offset, number, .. }) => {
                    assert_eq!((offset, number), (start, before as u64));
                }
                Err(error) => panic!("byte {index} bit {bit}: {error}"),
            }
        }
    }
}

#[test]
fn bytes_behind_the_end_are_refused() {
    let mut bytes = small_segment();
    let length = bytes.len() as u64;
    bytes.push(0);
    let (_, result) = decode(&bytes);
    assert!(
        matches!(result, Err(SegmentError::Packet { offset, .. }) if offset == length),
        "{result:?}"
    );
}

#[test]
fn an_error_names_the_packet_and_the_byte() {
    let mut bytes = small_segment();
    let ends = boundaries(&bytes);
    bytes[ends[1] as usize + 6] ^= 1;
    let (_, result) = decode(&bytes);
    let text = result.unwrap_err().to_string();
    assert!(
        text.starts_with(&format!("packet 2 at byte {}: packet checksum", ends[1])),
        "{text}"
    );
}
