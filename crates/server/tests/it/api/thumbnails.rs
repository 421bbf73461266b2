//! Small pictures of sessions, made of real segments.

use eidetic_codec::{
    Damage, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime, PictureSize, SegmentWriter,
};
use eidetic_store::control::KeyFrame;

use super::support::{
    START, Server, at_secs, closed, opened, segment_id, segment_opened, session_id,
};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 400;

/// A segment that shows grey 10, 20, 30 … for a second each, and where its key frame is.
fn recording(greys: u8) -> (Vec<u8>, u64) {
    let size = PictureSize::new(WIDTH, HEIGHT).unwrap();
    let mut encoder = Encoder::new(EncoderConfig::new(size)).unwrap();
    let mut bytes = Vec::new();
    let header = encoder.segment_header(START.as_unix_micros(), FrameInterval::Variable);
    let mut writer = SegmentWriter::begin(&header, &mut bytes);
    let key_frame = bytes.len() as u64;
    for second in 0..greys {
        let data = vec![(second + 1) * 10; (WIDTH * HEIGHT * 4) as usize];
        let frame = FrameRef {
            data: &data,
            stride: WIDTH as usize * 4,
        };
        let time = MediaTime::from_micros(u64::from(second) * 1_000_000);
        let encoded = encoder.encode(frame, Damage::Unknown, time).unwrap();
        let packets = encoded.packets();
        assert_eq!(packets.len(), 1, "every frame differs from the one before");
        for packet in packets {
            writer.append(&packet, &mut bytes).unwrap();
        }
    }
    (bytes, key_frame)
}

async fn with_recording(greys: u8) -> Server {
    let server = Server::start().await;
    server
        .take_in(vec![opened(1, 0), segment_opened(1, 1, 0)])
        .await;
    let (bytes, offset) = recording(greys);
    let until = at_secs(greys.into());
    server
        .grow(session_id(1), segment_id(1), &bytes, until)
        .await;
    let key_frame = KeyFrame {
        time: START,
        offset,
    };
    let control = &server.components.control;
    control
        .grow_segment(segment_id(1), bytes.len() as u64, until, &[key_frame])
        .await
        .unwrap();
    server
}

/// The size and the first pixel of the thumbnail.
async fn thumbnail(server: &Server) -> (u32, u32, [u8; 3]) {
    let browser = server.signed_in().await;
    let path = format!("/api/v1/sessions/{}/thumbnail", session_id(1));
    let answer = browser.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "image/png");
    assert!(answer.header("cache-control").starts_with("private"));
    let decoder = png::Decoder::new(std::io::Cursor::new(answer.body));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels[..3].try_into().unwrap())
}

#[tokio::test]
async fn the_middle_of_a_session_that_has_ended_is_shown() {
    let server = with_recording(9).await;
    server.take_in(vec![closed(1, 9)]).await;
    // The middle is at 4.5 seconds: the fifth grey.
    assert_eq!(thumbnail(&server).await, (320, 200, [50; 3]));
}

#[tokio::test]
async fn the_latest_of_a_running_session_is_shown() {
    let server = with_recording(9).await;
    assert_eq!(thumbnail(&server).await, (320, 200, [90; 3]));
}

#[tokio::test]
async fn a_session_without_pictures_has_none_and_neither_has_a_damaged_one() {
    let server = Server::start().await;
    server
        .take_in(vec![opened(1, 0), segment_opened(1, 1, 0)])
        .await;
    let browser = server.signed_in().await;
    let path = format!("/api/v1/sessions/{}/thumbnail", session_id(1));
    browser.get(&path).await.problem(404);

    server
        .grow(session_id(1), segment_id(1), &[0xEE; 5000], at_secs(1))
        .await;
    let key_frame = KeyFrame {
        time: START,
        offset: 60,
    };
    let control = &server.components.control;
    control
        .grow_segment(segment_id(1), 5000, at_secs(1), &[key_frame])
        .await
        .unwrap();
    browser.get(&path).await.problem(404);
}
