//! The decoder against the library that the encoder uses.

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::{ZstdError, ZstdStream};
use crate::encoder::ZstdWriter;

const WINDOW_LOG2: u8 = 20;
const WINDOW: usize = 1 << WINDOW_LOG2;
const MAX_CONTENT: usize = 4 << 20;

/// Compresses every content as one packet and expects each back at once.
fn check(level: i32, contents: &[Vec<u8>]) {
    let mut writer = ZstdWriter::new(level, WINDOW_LOG2).unwrap();
    let mut stream = ZstdStream::new(WINDOW, MAX_CONTENT);
    writer.begin_frame().unwrap();
    for (index, content) in contents.iter().enumerate() {
        let mut packet = Vec::new();
        writer.write(&[content], &mut packet).unwrap();
        let mut bytes = packet.as_slice();
        if index == 0 {
            bytes = stream.begin_frame(bytes).unwrap();
        }
        assert_eq!(stream.decode(bytes, content.len()).unwrap(), content);
    }
}

/// Bytes with repeats near and far and a skewed alphabet.
fn mixed(length: usize, mut seed: u64, alphabet: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::with_capacity(length);
    while bytes.len() < length {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let random = seed >> 33;
        if random.is_multiple_of(5) && !bytes.is_empty() {
            let back = (random as usize >> 3) % bytes.len() + 1;
            let count = (seed >> 50) as usize % 300 + 1;
            for _ in 0..count.min(length - bytes.len()) {
                bytes.push(bytes[bytes.len() - back]);
            }
        } else {
            let value = (random >> 3) % alphabet;
            bytes.push((value * value / alphabet) as u8);
        }
    }
    bytes
}

#[test]
fn every_packet_comes_out_before_the_next() {
    let contents: Vec<_> = (0..40)
        .map(|index| mixed(1 + index * 977, index as u64, 1 + (index as u64 * 7) % 256))
        .collect();
    for level in [1, 3, 9, 19] {
        check(level, &contents);
    }
}

#[test]
fn content_far_beyond_the_window_is_decoded() {
    let contents: Vec<_> = (0..12)
        .map(|index| mixed(700_000, index % 3, 200))
        .collect();
    check(3, &contents);
}

#[test]
fn runs_noise_and_nothing_are_decoded() {
    let noise: Vec<u8> = (0u32..300_000)
        .map(|index| (index.wrapping_mul(2654435761) >> 13) as u8)
        .collect();
    check(
        3,
        &[vec![7; 500_000], vec![], noise, vec![0], vec![1, 2, 3]],
    );
}

#[test]
fn content_longer_or_shorter_than_declared_is_refused() {
    let mut writer = ZstdWriter::new(3, WINDOW_LOG2).unwrap();
    writer.begin_frame().unwrap();
    let mut packet = Vec::new();
    writer.write(&[&[7; 1000]], &mut packet).unwrap();
    for (declared, expected) in [
        (999, ZstdError::ContentTooLong { limit: 999 }),
        (
            1001,
            ZstdError::ContentTooShort {
                actual: 1000,
                declared: 1001,
            },
        ),
    ] {
        let mut stream = ZstdStream::new(WINDOW, MAX_CONTENT);
        let blocks = stream.begin_frame(&packet).unwrap();
        assert_eq!(stream.decode(blocks, declared), Err(expected));
    }
}

#[test]
fn a_window_over_the_limit_is_refused() {
    let mut writer = ZstdWriter::new(3, WINDOW_LOG2).unwrap();
    writer.begin_frame().unwrap();
    let mut packet = Vec::new();
    writer.write(&[b"x"], &mut packet).unwrap();
    let refused = ZstdStream::new(WINDOW / 2, MAX_CONTENT).begin_frame(&packet);
    assert!(matches!(refused, Err(ZstdError::WindowTooLarge { .. })));
}

proptest! {
    #[test]
    fn what_the_library_writes_is_read_back(
        seeds in proptest::collection::vec((1usize..60_000, any::<u64>(), 1u64..=256), 1..6),
        level in 1i32..=19,
    ) {
        let contents: Vec<_> = seeds
            .into_iter()
            .map(|(length, seed, alphabet)| mixed(length, seed, alphabet))
            .collect();
        check(level, &contents);
    }

    #[test]
    fn damaged_blocks_never_panic(
        seed: u64,
        flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8),
    ) {
        let content = mixed(20_000, seed, 60);
        let mut writer = ZstdWriter::new(3, WINDOW_LOG2).unwrap();
        writer.begin_frame().unwrap();
        let mut packet = Vec::new();
        writer.write(&[&content], &mut packet).unwrap();
        for (position, value) in flips {
            let position = 6 + position % (packet.len() - 6);
            packet[position] ^= value;
        }
        let mut stream = ZstdStream::new(WINDOW, MAX_CONTENT);
        if let Ok(blocks) = stream.begin_frame(&packet) {
            let _ = stream.decode(blocks, content.len());
        }
    }
}
