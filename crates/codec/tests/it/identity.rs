//! Decoding gives back what was encoded, pixel by pixel.

use eidetic_codec::{
    Damage, Decoder, DecoderLimits, Encoder, EncoderConfig, FrameRef, MediaTime, Packet,
    PacketKind, PictureSize, PixelOrder, Quality, SegmentReader,
};

use crate::scenes::{Scene, hash, segment};

/// Encodes scenes, decodes them and compares; returns the size of each packet.
fn check(scenes: &[Scene]) -> Vec<(PacketKind, usize)> {
    let mut config = EncoderConfig::new(scenes[0].size);
    config.quality = Quality::Lossless;
    check_with(config, scenes)
}

fn check_with(config: EncoderConfig, scenes: &[Scene]) -> Vec<(PacketKind, usize)> {
    let bytes = segment(config, scenes);
    let mut reader = SegmentReader::new();
    reader.push(&bytes);
    let header = reader.header().unwrap().unwrap();
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx).unwrap();
    let mut canvas = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Rgba).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet().unwrap() {
        if !packet.kind.is_frame() {
            break;
        }
        decoder.begin(&packet).unwrap();
        while let Some(time) = decoder.next_time() {
            let scene = &scenes[time.as_micros() as usize / 10_000];
            decoder.next_frame().unwrap();
            assert!(decoder.pixels() == scene.pixels, "packet {}", packet.number);
        }
        let scene = &scenes[packet.last_time.as_micros() as usize / 10_000];
        canvas.decode(&packet).unwrap();
        for (rgba, bgrx) in canvas
            .pixels()
            .chunks_exact(4)
            .zip(scene.pixels.chunks_exact(4))
        {
            assert_eq!(rgba, [bgrx[2], bgrx[1], bgrx[0], 255]);
        }
        packets.push((packet.kind, packet.payload.len()));
    }
    assert!(reader.has_ended());
    packets
}

#[test]
fn one_pixel_is_a_picture() {
    let mut scenes = [Scene::new(1, 1), Scene::new(1, 1)];
    scenes[1].paint(|_, _| 0xABCDEF);
    assert_eq!(check(&scenes).len(), 2);
}

#[test]
fn odd_sizes_and_thin_pictures_come_back() {
    for (width, height) in [(15, 17), (33, 1), (1, 33), (257, 3), (100, 99)] {
        let mut scenes = vec![Scene::new(width, height); 3];
        scenes[1].paint(|x, y| hash(x * 1000 + y));
        scenes[2].paint(|x, y| (x * 2 + y * 3) << 4);
        assert_eq!(check(&scenes).len(), 3);
    }
}

#[test]
fn noise_and_gradients_come_back() {
    let mut scenes = vec![Scene::new(200, 150); 4];
    scenes[0].paint(|x, y| hash(x * 1000 + y));
    scenes[1].paint(|x, y| x | y << 8 | (x + y) << 16);
    scenes[2].paint(|x, y| (x * x + y * y) >> 3);
    scenes[3].paint(|x, y| hash(x / 3 + y / 5));
    check(&scenes);
}

#[test]
fn a_scrolled_page_costs_little_more_than_its_new_lines() {
    let tops = [0, 42, 84, 70, 700, 658];
    let scenes = tops.map(|top| {
        let mut scene = Scene::new(640, 480);
        scene.text(top);
        scene
    });
    let packets = check(&scenes);
    let (first, second) = (packets[0].1, packets[1].1);
    assert!(second * 4 < first, "{packets:?}");
}

#[test]
fn a_window_that_returns_is_taken_from_the_cache() {
    let mut page = Scene::new(640, 480);
    page.text(0);
    let mut window = page.clone();
    let over = Scene::new(640, 480);
    let middle = 640 * 4 * 100..640 * 4 * 300;
    window.pixels[middle.clone()].copy_from_slice(&over.pixels[middle]);
    let packets = check(&[page.clone(), window, page]);
    assert!(packets[2].1 < 2500, "{packets:?}");
}

#[test]
fn an_unchanged_frame_makes_no_packet() {
    let mut scene = Scene::new(64, 64);
    scene.text(3);
    assert_eq!(check(&[scene.clone(), scene.clone(), scene]).len(), 1);
}

#[test]
fn the_fourth_byte_of_a_frame_is_ignored() {
    let scene = Scene::new(40, 40);
    let mut other = scene.clone();
    other
        .pixels
        .iter_mut()
        .skip(3)
        .step_by(4)
        .for_each(|byte| *byte = 77);
    assert_eq!(check(&[scene, other]).len(), 1);
}

#[test]
fn rows_may_be_further_apart_than_they_are_long() {
    let size = PictureSize::new(20, 10).unwrap();
    let padded: Vec<u8> = (0..96 * 9 + 80).map(|index| (index % 251) as u8).collect();
    let mut encoder = Encoder::new(EncoderConfig::new(size)).unwrap();
    let header = encoder.segment_header(0, eidetic_codec::FrameInterval::Variable);
    let frame = FrameRef {
        data: &padded,
        stride: 96,
    };
    let encoded = encoder.encode(frame, Damage::Unknown, MediaTime::ZERO);
    let packets = encoded.unwrap().packets();
    let [packet] = packets.as_slice() else {
        panic!("the first frame is a key frame");
    };
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx).unwrap();
    decoder
        .decode(&Packet {
            kind: packet.kind,
            time: packet.time,
            last_time: packet.last_time,
            offset: 0,
            number: 0,
            hash: packet.hash,
            payload: &packet.payload,
        })
        .unwrap();
    for (row, lines) in decoder.pixels().chunks_exact(80).zip(padded.chunks(96)) {
        for (got, want) in row.chunks_exact(4).zip(lines.chunks_exact(4)) {
            assert_eq!(got[..3], want[..3]);
        }
    }
}

#[test]
fn key_frames_come_when_decoding_from_the_last_one_takes_long() {
    let scenes: Vec<_> = (0..60)
        .map(|index| {
            let mut scene = Scene::new(160, 160);
            scene.paint(|x, y| hash(x + y * 200 + index * 70_000));
            scene
        })
        .collect();
    let keys = |max_work_micros| {
        let mut config = EncoderConfig::new(scenes[0].size);
        config.quality = Quality::Lossless;
        config.key_frames.max_work_micros = max_work_micros;
        let packets = check_with(config, &scenes);
        let keys = packets.iter().filter(|(kind, _)| *kind == PacketKind::Key);
        keys.count()
    };
    assert_eq!(keys(u64::MAX), 1);
    assert_eq!(keys(1), 30, "each second frame: none, then too much");
    let some = keys(30_000);
    assert!((3..20).contains(&some), "{some}");
}

#[test]
fn a_blinking_cursor_takes_a_byte_or_two_each_time() {
    let mut with = Scene::new(640, 480);
    with.text(0);
    let mut without = with.clone();
    for y in 100..116 {
        without.pixels[(y * 640 + 300) * 4..][..8].fill(0);
    }
    let scenes: Vec<_> = (0..1000)
        .map(|index| if index % 2 == 0 { &with } else { &without }.clone())
        .collect();
    let packets = check(&scenes);
    let bytes: usize = packets[2..].iter().map(|(_, bytes)| bytes).sum();
    assert!(bytes < 300, "{bytes} bytes in {} packets", packets.len());
    assert!(packets.len() < 20, "{} packets", packets.len());
}

#[test]
fn grey_pictures_come_back_as_the_brightness_of_their_pixels() {
    let mut scene = Scene::new(90, 70);
    scene.paint(|x, y| hash(x / 3 + y / 5 * 100));
    let mut config = EncoderConfig::new(scene.size);
    config.quality = Quality::Lossless;
    config.grayscale = true;
    let mut wanted = scene.clone();
    for pixel in wanted.pixels.chunks_exact_mut(4) {
        let [blue, green, red] = [0, 1, 2].map(|index| u32::from(pixel[index]));
        let grey = (77 * red + 150 * green + 29 * blue + 128) >> 8;
        pixel[..3].fill(grey as u8);
    }
    let bytes = segment(config, &[scene]);
    let mut reader = SegmentReader::new();
    reader.push(&bytes);
    let header = reader.header().unwrap().unwrap();
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx).unwrap();
    decoder
        .decode(&reader.next_packet().unwrap().unwrap())
        .unwrap();
    assert!(decoder.pixels() == wanted.pixels);
}

#[test]
fn a_window_that_is_dragged_costs_little_more_than_what_it_uncovers() {
    let background = |x: u32, y: u32| 0x30_5070 + (x / 40 + y / 40) % 2 * 0x10;
    let letter = |x: u32, y: u32| hash(x / 2 + y / 2 * 331) % 5 * 0x33_3333;
    let scenes: Vec<_> = (0..12)
        .map(|step| {
            let mut scene = Scene::new(900, 700);
            let (left, top) = (50 + step * 37, 40 + step * 23);
            scene.paint(|x, y| {
                if (left..left + 400).contains(&x) && (top..top + 300).contains(&y) {
                    letter(x - left, y - top)
                } else {
                    background(x, y)
                }
            });
            scene
        })
        .collect();
    let packets = check(&scenes);
    let key = packets[0].1;
    for (_, bytes) in &packets[1..] {
        assert!(bytes * 10 < key, "{bytes} bytes after {key}");
    }
}

#[test]
fn the_largest_picture_is_encoded_and_decoded() {
    let mut scenes = vec![Scene::new(8192, 8192); 2];
    for (index, pixel) in scenes[1].pixels.chunks_exact_mut(4).enumerate() {
        if index % 5003 == 0 {
            pixel[0] = index as u8 | 1;
        }
    }
    assert_eq!(check(&scenes).len(), 2);
}
