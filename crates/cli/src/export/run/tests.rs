use std::io::Read;

use eidetic_codec::{
    Damage, FrameInterval, FrameRef, MediaTime, PictureSize, SegmentWriter, Totals,
};

use super::*;
use crate::export::pace::VideoTime;
use crate::export::recording::{KeyFrame, SegmentStore};

/// One segment in memory.
struct Memory(Vec<u8>);

impl SegmentStore for Memory {
    fn open<'a>(&'a self, _: &Segment, offset: u64) -> anyhow::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(&self.0[usize::try_from(offset)?..]))
    }
}

/// A recording of 16 s with a picture each two, of which the one at 8 s is a key frame.
fn recording(damage: impl FnOnce(&mut Vec<u8>, &[KeyFrame])) -> Recording {
    let size = PictureSize::new(32, 32).unwrap();
    let mut bytes = Vec::new();
    let mut key_frames = Vec::new();
    let config = eidetic_codec::EncoderConfig::new(size);
    let mut encoder = eidetic_codec::Encoder::new(config).unwrap();
    let header = encoder.segment_header(0, FrameInterval::Variable);
    let mut writer = SegmentWriter::begin(&header, &mut bytes);
    for number in 0..8_u64 {
        let second = number * 2;
        if second == 8 {
            encoder.request_key_frame();
        }
        if second % 8 == 0 {
            key_frames.push(KeyFrame {
                time: seconds(second),
                offset: bytes.len() as u64,
            });
        }
        let frame = FrameRef {
            data: &[30 + number as u8 * 20; 32 * 32 * 4],
            stride: 32 * 4,
        };
        let time = MediaTime::from_micros(second * 1_000_000);
        let coded = encoder.encode(frame, Damage::Unknown, time).unwrap();
        let packets = coded.packets();
        assert_eq!(packets.len(), 1, "every picture is another one");
        for packet in packets {
            writer.append(&packet, &mut bytes).unwrap();
        }
    }
    let totals = Totals {
        frames: 8,
        final_hash: encoder.picture_hash(),
        encode_cpu_micros: None,
    };
    writer
        .finish(MediaTime::from_micros(16_000_000), totals, &mut bytes)
        .unwrap();
    damage(&mut bytes, &key_frames);
    let span = Span {
        from: seconds(0),
        until: seconds(16),
    };
    Recording {
        name: "test".to_owned(),
        span,
        segments: vec![Segment {
            name: "one".to_owned(),
            span,
            width: 32,
            height: 32,
            bytes: bytes.len() as u64,
            key_frames,
            lost: None,
        }],
        titles: Vec::new(),
        store: Box::new(Memory(bytes)),
    }
}

fn seconds(seconds: u64) -> Timestamp {
    Timestamp::from_unix_micros(seconds as i64 * 1_000_000)
}

/// When pictures of a recording from `from` on are shown, in milliseconds.
fn shown(recording: &Recording, from: u64) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let span = Span {
        from: seconds(from),
        ..recording.span
    };
    let canvas = Canvas::for_sizes([(32, 32)]);
    let mut show = Show {
        recording,
        zone: &TimeZone::UTC,
        projector: Projector::new(
            Clock::new(span.from, 1.0, false),
            Pacer::new(10.0, Duration::from_secs(60)),
            canvas,
            Box::new(H264::new(32, 32).unwrap()),
            Track::new(folder.path()).unwrap(),
        ),
        progress: Progress::new(span, true),
    };
    show.recorded(&recording.segments[0], span).unwrap();
    let film = show.projector.end(span.until).unwrap();
    assert_eq!(film.end, VideoTime((16 - from) * 1000));
    let samples = film.track.samples();
    samples.iter().map(|sample| sample.at.0).collect()
}

#[test]
fn a_segment_is_shown_from_any_moment_on() {
    let recording = recording(|_, _| {});
    let all: Vec<u64> = (0..8).map(|number| number * 2000).collect();
    assert_eq!(shown(&recording, 0), all);
    assert_eq!(shown(&recording, 11), [0, 1000, 3000]);
}

#[test]
fn what_is_damaged_is_shown_as_missing_until_the_next_key_frame() {
    let damaged = recording(|bytes, keys| {
        // In the last packet before the second key frame: the picture at 6 s.
        bytes[usize::try_from(keys[1].offset).unwrap() - 6] ^= 0x55;
    });
    assert_eq!(
        shown(&damaged, 0),
        [0, 2000, 4000, 5000, 8000, 10_000, 12_000, 14_000]
    );
}

#[test]
fn what_is_damaged_to_the_end_is_shown_as_missing() {
    let damaged = recording(|bytes, keys| {
        bytes[usize::try_from(keys[1].offset).unwrap() + 8] ^= 0x55;
    });
    // The notice changes when the key frame turns out to be what is damaged.
    assert_eq!(shown(&damaged, 0), [0, 2000, 4000, 6000, 7000, 8000]);
}
