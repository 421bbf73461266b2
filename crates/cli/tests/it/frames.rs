//! `eidetic frames encode`, `decode` and `info`.

use std::io::Read;

use crate::run::{Folder, error_text};

const FRAME_BYTES: usize = 50 * 40 * 4;

/// Twelve frames of 50x40; every third one is like the one before.
fn frames(fourth_byte: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in 0..12u32 {
        let content = frame - u32::from(frame % 3 == 2);
        for pixel in 0..50 * 40u32 {
            let (x, y) = (pixel % 50, pixel / 50);
            let moved = (x + 3 * content) ^ (y / 2);
            let [blue, green, red, _] = (moved * 0x01_0305).to_le_bytes();
            bytes.extend([blue, green, red, fourth_byte]);
        }
    }
    bytes
}

fn encoded(folder: &Folder) -> Vec<u8> {
    folder.succeed("frames encode --size 50x40 --fps 4", &frames(0))
}

fn info(folder: &Folder, segment: &[u8]) -> serde_json::Value {
    std::fs::write(folder.path().join("out.eid"), segment).unwrap();
    let text = folder.succeed("frames info out.eid", b"");
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn every_frame_comes_back_and_unchanged_ones_are_repeated() {
    let folder = Folder::new();
    for fourth_byte in [0, 255] {
        let input = frames(fourth_byte);
        for rate in ["4", "30000/1001", "1/3"] {
            let arguments = format!("frames encode --size 50x40 --fps {rate} --threads 1");
            let segment = folder.succeed(&arguments, &input);
            assert!(segment.len() < input.len() / 4);
            assert!(folder.succeed("frames decode", &segment) == input);
        }
    }
}

#[test]
fn lossless_is_byte_for_byte_also_where_pixels_are_noise() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..6 * 50 * 40u32)
        .flat_map(|pixel| {
            let [blue, green, red, _] =
                pixel.wrapping_mul(0x9E37_79B1).rotate_left(9).to_le_bytes();
            [blue, green, red, 0]
        })
        .collect();
    for quality in ["", "--quality lossless"] {
        let arguments = format!("frames encode --size 50x40 --fps 4 {quality}");
        let segment = folder.succeed(&arguments, &noise);
        assert!(folder.succeed("frames decode", &segment) == noise);
    }
}

#[test]
fn every_quality_gives_every_frame_of_the_same_size() {
    let folder = Folder::new();
    let input = frames(0);
    for quality in ["lossless", "high", "medium", "low"] {
        for grayscale in ["", "--grayscale"] {
            let arguments =
                format!("frames encode --size 50x40 --fps 4 --quality {quality} {grayscale}");
            let segment = folder.succeed(&arguments, &input);
            assert_eq!(folder.succeed("frames decode", &segment).len(), input.len());
            assert_eq!(info(&folder, &segment)["frames"], 12);
        }
    }
}

#[test]
fn grayscale_gives_grey_back_as_light_as_the_colours_were() {
    let folder = Folder::new();
    let input = frames(255);
    let segment = folder.succeed("frames encode --size 50x40 --fps 4 --grayscale", &input);
    let output = folder.succeed("frames decode", &segment);
    assert_eq!(output.len(), input.len());
    for (grey, colour) in output.chunks_exact(4).zip(input.chunks_exact(4)) {
        let [light, green, red, fourth] = grey else {
            panic!("four bytes a pixel");
        };
        assert!(light == green && green == red, "{grey:?} of {colour:?}");
        assert_eq!(*fourth, 255);
        let [blue, green, red] = [0, 1, 2].map(|at| f64::from(colour[at]));
        let expected = 0.114 * blue + 0.587 * green + 0.299 * red;
        assert!(
            (f64::from(*light) - expected).abs() <= 2.0,
            "{grey:?} of {colour:?}"
        );
    }
}

#[test]
fn the_help_of_encode_says_what_each_quality_means() {
    let folder = Folder::new();
    let text = folder.succeed("frames encode --help", b"");
    let text = String::from_utf8(text).unwrap();
    for words in [
        "lossless:",
        "byte for byte",
        "high:",
        "[default: lossless]",
        "--grayscale",
        "--threads <N>",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn info_tells_frames_key_frames_bytes_and_cpu_time() {
    let folder = Folder::new();
    let segment = encoded(&folder);
    let info = info(&folder, &segment);
    assert_eq!(info["width"], 50);
    assert_eq!(info["height"], 40);
    assert_eq!(info["frames_per_second"], 4.0);
    assert_eq!(info["frames"], 12);
    assert_eq!(info["frame_packets"], 8);
    assert_eq!(info["key_frames"], 1);
    assert_eq!(info["bytes"], segment.len());
    assert_eq!(info["duration_seconds"], 3.0);
    assert!(info["encode_cpu_seconds"].as_f64().unwrap() >= 0.0);
    assert_eq!(info["complete"], true);
}

#[test]
fn a_cut_segment_decodes_up_to_the_cut_and_says_where_it_is() {
    let folder = Folder::new();
    let segment = encoded(&folder);
    let input = frames(0);
    for length in (0..segment.len()).step_by(7) {
        let (output, message) = folder.fail("frames decode", &segment[..length]);
        assert!(input.starts_with(&output));
        assert_eq!(output.len() % FRAME_BYTES, 0);
        if length >= 48 {
            assert!(message.contains("byte"), "{message}");
            assert!(message.contains("frame"), "{message}");
        }
    }
    let (output, message) = folder.fail("frames decode", &segment[..segment.len() - 1]);
    assert_eq!(output.len(), 11 * FRAME_BYTES);
    assert!(message.contains("after the frame at 2.5 s"), "{message}");
}

#[test]
fn a_damaged_segment_decodes_up_to_the_damage_and_says_where_it_is() {
    let folder = Folder::new();
    let segment = encoded(&folder);
    let input = frames(0);
    for index in (48..segment.len()).step_by(11) {
        let mut damaged = segment.clone();
        damaged[index] ^= 0x21;
        let (output, message) = folder.fail("frames decode", &damaged);
        assert!(input.starts_with(&output));
        assert!(message.contains("at byte"), "{message}");
    }
    let mut damaged = segment.clone();
    damaged[segment.len() / 2] ^= 1;
    std::fs::write(folder.path().join("bad.eid"), &damaged).unwrap();
    let (output, message) = folder.fail("frames info bad.eid", b"");
    let info: serde_json::Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(info["complete"], false);
    assert!(
        message.contains("bad.eid: the segment is damaged"),
        "{message}"
    );
}

#[test]
fn a_growing_segment_has_info_without_an_end() {
    let folder = Folder::new();
    let segment = encoded(&folder);
    // The end packet starts where its own length says.
    let tail = segment.len() - 12;
    let length = u32::from_le_bytes(segment[tail..tail + 4].try_into().unwrap());
    let info = info(&folder, &segment[..segment.len() - length as usize]);
    assert_eq!(info["complete"], false);
    assert_eq!(info["frames"], 11);
    assert_eq!(info["encode_cpu_seconds"], serde_json::Value::Null);
}

#[test]
fn input_that_ends_inside_of_a_frame_is_reported_and_the_rest_is_kept() {
    let folder = Folder::new();
    let input = frames(0);
    let cut = &input[..3 * FRAME_BYTES + 17];
    let (segment, message) = folder.fail("frames encode --size 50x40 --fps 4", cut);
    assert!(message.contains("frame 4: 17 of 8000 bytes"), "{message}");
    let back = folder.succeed("frames decode", &segment);
    assert!(back == input[..3 * FRAME_BYTES]);
}

#[test]
fn what_is_no_segment_or_no_frame_is_refused() {
    let folder = Folder::new();
    let (_, message) = folder.fail("frames decode", b"GIF89a, say");
    assert!(message.contains("not an Eidetic segment"), "{message}");
    let (_, message) = folder.fail("frames decode", b"");
    assert!(message.contains("too short"), "{message}");
    let (_, message) = folder.fail("frames encode --size 5x5 --fps 1", b"");
    assert!(message.contains("no frame"), "{message}");
    let (_, message) = folder.fail("frames info missing.eid", b"");
    assert!(message.contains("missing.eid"), "{message}");
}

#[test]
fn wrong_arguments_are_explained() {
    let folder = Folder::new();
    for (arguments, hint) in [
        ("frames encode --size 5 --fps 1", "WIDTHxHEIGHT"),
        ("frames encode --size 5x5 --fps 0", "30000/1001"),
        (
            "frames encode --size 5x5 --fps 1 --threads 2",
            "each frame depends on the one before",
        ),
        ("frames encode --size 5x5 --fps 1 --threads x", "only 1"),
        (
            "frames encode --size 5x5 --fps 1 --quality bad",
            "lossless, high, medium, low",
        ),
        ("frames encode --fps 1", "--size"),
    ] {
        let output = folder.run(arguments, b"");
        assert_eq!(output.status.code(), Some(2));
        assert!(error_text(&output).contains(hint), "{arguments}");
    }
}

#[test]
fn help_teaches_with_examples() {
    let folder = Folder::new();
    for command in ["encode", "decode", "info"] {
        let text = folder.succeed(&format!("frames {command} --help"), b"");
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("Example"), "{text}");
        assert!(text.contains(&format!("eidetic frames {command}")));
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_error_worth_a_message() {
    let folder = Folder::new();
    let segment = folder.succeed("frames encode --size 50x40 --fps 4", &frames(0).repeat(20));
    std::fs::write(folder.path().join("out.eid"), &segment).unwrap();
    let input = std::fs::File::open(folder.path().join("out.eid")).unwrap();
    let mut child = folder
        .command("frames decode")
        .stdin(input)
        .spawn()
        .unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(error_text(&output), "");
}
