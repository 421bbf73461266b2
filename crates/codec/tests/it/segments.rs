//! The container: its index, cutting it, starting in the middle.

use eidetic_codec::{
    AppendError, Damage, Decoder, DecoderLimits, END_LOCATOR_BYTES, Encoder, EncoderConfig,
    FrameInterval, MediaTime, PacketInfo, PacketKind, PacketScanner, PixelOrder, Quality,
    SegmentEnd, SegmentReader, SegmentWriter, end_packet_bytes,
};

use crate::scenes::{Scene, hash, segment};

fn film() -> Vec<Scene> {
    (0..24)
        .map(|index| {
            let mut scene = Scene::new(96, 96);
            scene.paint(|x, y| hash(x + y * 100 + index / 2 * 10_000));
            scene
        })
        .collect()
}

fn film_segment(scenes: &[Scene]) -> Vec<u8> {
    let mut config = EncoderConfig::new(scenes[0].size);
    config.quality = Quality::Lossless;
    config.key_frames.max_work_micros = 500;
    segment(config, scenes)
}

fn scan(bytes: &[u8]) -> Vec<PacketInfo> {
    let mut packets = Vec::new();
    PacketScanner::new()
        .push(bytes, |packet| packets.push(packet))
        .unwrap();
    packets
}

/// Reads the end packet from the segment's tail alone.
fn read_end(bytes: &[u8]) -> SegmentEnd {
    let length = end_packet_bytes(&bytes[bytes.len() - END_LOCATOR_BYTES..]).unwrap() as usize;
    let header = SegmentReader::new_header(bytes);
    let offset = bytes.len() - length;
    let mut reader = SegmentReader::at_key_frame(header, offset as u64);
    reader.push(&bytes[offset..]);
    let packet = reader.next_packet().unwrap().unwrap();
    assert_eq!(packet.kind, PacketKind::End);
    SegmentEnd::read(packet.time, packet.payload).unwrap()
}

trait HeaderOf {
    fn new_header(bytes: &[u8]) -> eidetic_codec::SegmentHeader;
}

impl HeaderOf for SegmentReader {
    fn new_header(bytes: &[u8]) -> eidetic_codec::SegmentHeader {
        let mut reader = Self::new();
        reader.push(&bytes[..eidetic_codec::HEADER_BYTES]);
        reader.header().unwrap().unwrap()
    }
}

#[test]
fn the_index_at_the_end_names_every_key_frame() {
    let scenes = film();
    let bytes = film_segment(&scenes);
    let end = read_end(&bytes);
    let keys: Vec<_> = scan(&bytes)
        .into_iter()
        .filter(|packet| packet.kind == PacketKind::Key)
        .map(|packet| (packet.offset, packet.time))
        .collect();
    assert!(keys.len() > 2);
    let indexed: Vec<_> = end
        .key_frames
        .iter()
        .map(|key| (key.offset, key.time))
        .collect();
    assert_eq!(indexed, keys);
    assert_eq!(end.frames, 24);
    assert_eq!(end.frame_packets, 12);
    assert_eq!(end.encode_cpu_micros, Some(12));
    assert_eq!(end.time, MediaTime::from_micros(230_000));
}

#[test]
fn decoding_from_any_key_frame_ends_at_the_same_picture() {
    let scenes = film();
    let bytes = film_segment(&scenes);
    let header = SegmentReader::new_header(&bytes);
    let end = read_end(&bytes);
    for key in &end.key_frames {
        let mut reader = SegmentReader::at_key_frame(header, key.offset);
        let mut decoder =
            Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx).unwrap();
        for piece in bytes[key.offset as usize..].chunks(1000) {
            reader.push(piece);
            while let Some(packet) = reader.next_packet().unwrap() {
                if packet.kind.is_frame() {
                    decoder.decode(&packet).unwrap();
                    let scene = &scenes[packet.time.as_micros() as usize / 10_000];
                    assert!(decoder.pixels() == scene.pixels);
                }
            }
        }
        assert_eq!(decoder.picture_hash(), end.final_hash);
    }
}

#[test]
fn a_segment_can_be_scanned_byte_by_byte() {
    let bytes = film_segment(&film());
    let mut scanner = PacketScanner::new();
    let mut packets = Vec::new();
    for byte in bytes.chunks(1) {
        scanner.push(byte, |packet| packets.push(packet)).unwrap();
    }
    assert_eq!(packets, scan(&bytes));
    assert!(scanner.has_ended());
}

#[test]
fn a_cut_segment_has_no_end_packet() {
    let bytes = film_segment(&film());
    let packets = scan(&bytes);
    let cut = &bytes[..packets[packets.len() - 1].offset as usize];
    assert_eq!(end_packet_bytes(cut), None);
}

#[test]
fn a_segment_refuses_to_start_without_a_key_frame_or_to_go_back_in_time() {
    let mut scene = Scene::new(20, 20);
    let mut encoder = Encoder::new(EncoderConfig::new(scene.size)).unwrap();
    let mut encode = |scene: &Scene, micros| {
        let time = MediaTime::from_micros(micros);
        let encoded = encoder.encode(scene.frame(), Damage::Unknown, time);
        let packet = encoded.unwrap().packets().pop();
        packet.expect("the scene changed")
    };
    let key = encode(&scene, 500);
    scene.text(0);
    let delta = encode(&scene, 400);
    let header = Encoder::new(EncoderConfig::new(scene.size))
        .unwrap()
        .segment_header(0, FrameInterval::Variable);
    let mut out = Vec::new();
    let mut writer = SegmentWriter::begin(&header, &mut out);
    assert_eq!(
        writer.append(&delta, &mut out),
        Err(AppendError::NoKeyFrame)
    );
    writer.append(&key, &mut out).unwrap();
    assert_eq!(
        writer.append(&delta, &mut out),
        Err(AppendError::TimeWentBack {
            latest: 500,
            given: 400
        })
    );
    assert_eq!(writer.bytes_written(), out.len() as u64);
}

#[test]
fn a_requested_key_frame_comes_even_if_nothing_changed() {
    let scene = Scene::new(20, 20);
    let mut encoder = Encoder::new(EncoderConfig::new(scene.size)).unwrap();
    let kinds: Vec<_> = (0..4)
        .map(|index| {
            if index == 2 {
                encoder.request_key_frame();
            }
            let time = MediaTime::from_micros(index);
            let encoded = encoder.encode(scene.frame(), Damage::Rects(&[]), time);
            let packets = encoded.unwrap().packets();
            packets.first().map(|packet| packet.kind)
        })
        .collect();
    assert_eq!(
        kinds,
        [Some(PacketKind::Key), None, Some(PacketKind::Key), None]
    );
}
