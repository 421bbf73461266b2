//! A decoder refuses what would take more than it may.

use eidetic_codec::{
    Damage, DecodeError, Decoder, DecoderLimits, Encoder, EncoderConfig, FrameInterval, HashCheck,
    MediaTime, Packet, PacketKind, PictureSize, PixelOrder, SegmentHeader, SegmentReader,
    decoder_memory_bytes,
};

use crate::scenes::{Scene, segment};

fn header(width: u32, height: u32) -> SegmentHeader {
    SegmentHeader {
        size: PictureSize::new(width, height).unwrap(),
        start_unix_micros: 0,
        interval: FrameInterval::Variable,
        fourth_byte: 0,
        cache_slots: 11_264,
    }
}

#[test]
fn a_picture_over_the_limit_is_refused_before_anything_is_allocated() {
    let limits = DecoderLimits {
        max_width: 1920,
        ..DecoderLimits::default()
    };
    let refused = Decoder::new(&header(1921, 10), limits, PixelOrder::Rgba);
    assert!(matches!(
        refused,
        Err(DecodeError::PictureTooLarge { width: 1921, .. })
    ));
}

#[test]
fn memory_over_the_limit_is_refused_before_anything_is_allocated() {
    let header = header(1920, 1080);
    let needed = decoder_memory_bytes(&header);
    let mut limits = DecoderLimits {
        max_memory_bytes: needed,
        ..DecoderLimits::default()
    };
    assert!(Decoder::new(&header, limits, PixelOrder::Rgba).is_ok());
    limits.max_memory_bytes -= 1;
    assert!(matches!(
        Decoder::new(&header, limits, PixelOrder::Rgba),
        Err(DecodeError::MemoryLimit { .. })
    ));
}

#[test]
fn the_stated_memory_stays_as_documented() {
    let mebibytes = |width, height| decoder_memory_bytes(&header(width, height)) >> 20;
    assert_eq!(mebibytes(1920, 1080), 47);
    assert_eq!(mebibytes(3840, 2160), 142);
    assert!(decoder_memory_bytes(&header(8192, 8192)) < DecoderLimits::default().max_memory_bytes);
}

#[test]
fn a_wrong_picture_is_noticed_unless_hashes_are_trusted() {
    let mut scene = Scene::new(32, 32);
    scene.text(0);
    let mut config = EncoderConfig::new(scene.size);
    config.packets_between_hashes = 1;
    let bytes = segment(config, &[scene]);
    let mut reader = SegmentReader::new();
    reader.push(&bytes);
    let header = reader.header().unwrap().unwrap();
    let packet = reader.next_packet().unwrap().unwrap();
    let wrong = Packet {
        hash: packet.hash.map(|hash| hash + 1),
        ..packet
    };
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Rgba).unwrap();
    assert!(matches!(
        decoder.decode(&wrong),
        Err(DecodeError::WrongPicture { .. })
    ));
    let delta = Packet {
        kind: PacketKind::Delta,
        ..packet
    };
    assert_eq!(decoder.decode(&delta), Err(DecodeError::NoKeyFrame));
    let mut decoder = decoder.with_hash_check(HashCheck::Trust);
    assert_eq!(decoder.decode(&wrong), Ok(()));
}

#[test]
fn pictures_are_proved_also_where_every_packet_is_a_key_frame() {
    let mut scene = Scene::new(32, 32);
    let mut encoder = Encoder::new(EncoderConfig::new(scene.size)).unwrap();
    let hashes: Vec<bool> = (0..4)
        .flat_map(|index| {
            scene.text(index);
            encoder.request_key_frame();
            let time = MediaTime::from_micros(u64::from(index) * 10_000);
            let encoded = encoder.encode(scene.frame(), Damage::Unknown, time);
            encoded.unwrap().packets()
        })
        .map(|packet| packet.hash.is_some())
        .collect();
    assert_eq!(hashes, [false, true, false, true]);
}
