//! Photographs that move, and what becomes of them.

use eidetic_codec::{
    Damage, Decoder, DecoderLimits, Encoder, EncoderConfig, FrameInterval, MediaTime, PixelOrder,
    Quality, SegmentReader, SegmentWriter,
};

use crate::scenes::{Scene, hash};

/// A text page with a photograph in it.
fn photograph(seed: u32) -> Scene {
    let mut scene = Scene::new(96, 64);
    scene.text(0);
    let page = scene.pixels.clone();
    scene.paint(|x, y| match (x, y) {
        (16..80, 16..48) => hash(x + 96 * y + 6144 * seed) & 0xFF_FFFF,
        _ => {
            let at = 4 * (x + 96 * y) as usize;
            u32::from_le_bytes([page[at], page[at + 1], page[at + 2], 0])
        }
    });
    scene
}

fn encoder(quality: Quality) -> Encoder {
    let config = EncoderConfig {
        quality,
        ..EncoderConfig::new(photograph(0).size)
    };
    Encoder::new(config).unwrap()
}

/// Plays a film of two seconds.
fn play(encoder: &mut Encoder) -> Scene {
    for frame in 0..8 {
        let time = MediaTime::from_micros(250_000 * u64::from(frame));
        let scene = photograph(frame);
        encoder
            .encode(scene.frame(), Damage::Unknown, time)
            .unwrap();
    }
    photograph(7)
}

/// What a segment that begins with `first` at its time 0 shows once nothing is due any more, and
/// when that is.
fn settled(encoder: &mut Encoder, first: &Scene) -> (Vec<u8>, MediaTime) {
    let mut bytes = Vec::new();
    let header = encoder.segment_header(0, FrameInterval::Variable);
    let mut writer = SegmentWriter::begin(&header, &mut bytes);
    encoder.flush();
    encoder.request_key_frame();
    let mut time = MediaTime::ZERO;
    loop {
        let encoded = encoder
            .encode(first.frame(), Damage::Unknown, time)
            .unwrap();
        for packet in encoded.packets() {
            writer.append(&packet, &mut bytes).unwrap();
        }
        match encoder.wants_frame_at() {
            Some(next) => time = time.max(next),
            None => break,
        }
    }
    let mut reader = SegmentReader::new();
    reader.push(&bytes);
    let header = reader.header().unwrap().unwrap();
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx).unwrap();
    while let Some(packet) = reader.next_packet().unwrap() {
        decoder.decode(&packet).unwrap();
    }
    (decoder.pixels().to_vec(), time)
}

#[test]
fn a_film_that_stands_still_becomes_exact_also_in_the_next_segment() {
    for (quality, most_micros) in [(Quality::High, 1_000_000), (Quality::Medium, 30_000_000)] {
        let mut encoder = encoder(quality);
        let last = play(&mut encoder);
        assert!(encoder.wants_frame_at().is_some(), "nothing was lost");
        let (shown, when) = settled(&mut encoder, &last);
        assert!(shown == last.pixels, "{quality:?}");
        assert!(when.as_micros() <= most_micros, "{quality:?}: {when:?}");
    }
}

#[test]
fn a_film_without_loss_is_never_due() {
    let mut encoder = encoder(Quality::Lossless);
    let last = play(&mut encoder);
    assert_eq!(encoder.wants_frame_at(), None);
    assert!(settled(&mut encoder, &last).0 == last.pixels);
}

#[test]
fn at_the_lowest_quality_a_film_stays_coarse_and_text_beside_it_is_exact() {
    let mut encoder = encoder(Quality::Low);
    let last = play(&mut encoder);
    let (shown, when) = settled(&mut encoder, &last);
    assert_eq!(when, MediaTime::ZERO);
    let mut differ = 0;
    for (index, (one, other)) in (0..).zip(shown.chunks_exact(4).zip(last.pixels.chunks_exact(4))) {
        let (x, y) = (index % 96, index / 96);
        if (16..80).contains(&x) && (16..48).contains(&y) {
            differ += u32::from(one != other);
        } else {
            assert_eq!(one, other, "at {x}, {y}");
        }
    }
    assert!(differ > 0);
}
