//! The bytes of segments.

use axum::body::Body;
use eidetic_model::{GapReason, SegmentEnd};

use super::support::{
    Answer, Browser, Server, at_secs, opened, segment_id, segment_opened, session_id,
};

const HASH_OF_A_TO_J: &str = "\"72399361da6a7754fec986dca5b7cbaf1c810a28ded4abaf56b2106d06cb78b0\"";

async fn with_segment() -> Server {
    let server = Server::start().await;
    server
        .take_in(vec![opened(1, 0), segment_opened(1, 1, 0)])
        .await;
    server
        .grow(session_id(1), segment_id(1), b"abcdefghij", at_secs(5))
        .await;
    server
}

async fn seal(server: &Server) {
    let hash = hex::decode(HASH_OF_A_TO_J.trim_matches('"')).unwrap();
    let end = SegmentEnd {
        id: segment_id(1),
        end: at_secs(5),
        bytes: 10,
        sha256: hash.try_into().unwrap(),
    };
    server.components.segments.seal(&end).await.unwrap();
    server.components.control.seal_segment(end).await.unwrap();
}

async fn range(browser: &Browser<'_>, range: &str) -> Answer {
    let path = format!("/api/v1/segments/{}/data", segment_id(1));
    let mut request = browser.request("GET", &path);
    if !range.is_empty() {
        request = request.header("range", range);
    }
    browser.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_segment_is_read_whole_or_by_one_range() {
    let server = with_segment().await;
    let browser = server.signed_in().await;
    for (asked, body, content_range) in [
        ("bytes=0-3", "abcd", "bytes 0-3/10"),
        ("bytes=4-", "efghij", "bytes 4-9/10"),
        ("bytes=8-99", "ij", "bytes 8-9/10"),
        ("bytes=-3", "hij", "bytes 7-9/10"),
        ("bytes=-99", "abcdefghij", "bytes 0-9/10"),
        ("bytes=9-9", "j", "bytes 9-9/10"),
    ] {
        let answer = range(&browser, asked).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (206, body),
            "{asked}"
        );
        assert_eq!(answer.header("content-range"), content_range);
        assert_eq!(answer.header("content-length"), body.len().to_string());
        assert_eq!(answer.header("content-type"), "application/octet-stream");
    }
    // What is not one range of bytes is ignored.
    for asked in [
        "",
        "bytes=3-1",
        "bytes=a-b",
        "lines=1-2",
        "bytes=0-1,3-4",
        "bytes=",
    ] {
        let answer = range(&browser, asked).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "abcdefghij"),
            "{asked}"
        );
        assert_eq!(answer.header("accept-ranges"), "bytes");
    }
}

#[tokio::test]
async fn a_range_beyond_what_can_be_read_is_refused_with_the_size() {
    let server = with_segment().await;
    let browser = server.signed_in().await;
    for asked in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
        let answer = range(&browser, asked).await;
        answer.problem(416);
        assert_eq!(answer.header("content-range"), "bytes */10", "{asked}");
    }
}

#[tokio::test]
async fn a_growing_segment_gives_more_later_and_is_not_kept_by_browsers() {
    let server = with_segment().await;
    let browser = server.signed_in().await;
    assert_eq!(range(&browser, "bytes=10-").await.status, 416);
    server
        .grow(session_id(1), segment_id(1), b"klm", at_secs(6))
        .await;
    let answer = range(&browser, "bytes=10-").await;
    assert_eq!(answer.text(), "klm");
    assert_eq!(answer.header("etag"), "");
    assert!(answer.header("cache-control").contains("no-store"));
}

#[tokio::test]
async fn a_sealed_segment_is_kept_by_its_hash() {
    let server = with_segment().await;
    seal(&server).await;
    let browser = server.signed_in().await;
    let answer = range(&browser, "bytes=0-0").await;
    assert_eq!(answer.header("etag"), HASH_OF_A_TO_J);
    assert!(answer.header("cache-control").starts_with("private"));
    // Whoever signs in next on the same computer is not shown what is kept.
    assert_eq!(answer.header("vary"), "cookie");

    let path = format!("/api/v1/segments/{}/data", segment_id(1));
    let send = async |name: &str, value: &str| {
        let request = browser.request("GET", &path).header("range", "bytes=0-0");
        let request = request.header(name, value).body(Body::empty());
        browser.send(request.unwrap()).await
    };
    let known = send("if-none-match", HASH_OF_A_TO_J).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(send("if-range", HASH_OF_A_TO_J).await.status, 206);
    assert_eq!(send("if-range", "\"another\"").await.status, 200);
}

#[tokio::test]
async fn a_head_request_tells_the_size_without_the_bytes() {
    let server = with_segment().await;
    let browser = server.signed_in().await;
    let path = format!("/api/v1/segments/{}/data", segment_id(1));
    let request = browser.request("HEAD", &path).body(Body::empty()).unwrap();
    let answer = browser.send(request).await;
    assert_eq!(answer.header("content-length"), "10");
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn a_long_segment_is_streamed_in_pieces_that_fit_together() {
    let server = with_segment().await;
    let more: Vec<u8> = (0..2_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    server
        .grow(session_id(1), segment_id(1), &more, at_secs(6))
        .await;
    let browser = server.signed_in().await;
    let answer = range(&browser, "bytes=10-").await;
    assert!(answer.body == more);
    let answer = range(&browser, "bytes=600010-1400009").await;
    assert!(answer.body == more[600_000..1_400_000]);
}

#[tokio::test]
async fn a_segment_without_bytes_is_empty_and_a_lost_one_says_why() {
    let server = with_segment().await;
    server.take_in(vec![segment_opened(1, 2, 6)]).await;
    let lost = segment_id(2);
    let control = &server.components.control;
    control
        .lose_segment(lost, GapReason::SpoolFull)
        .await
        .unwrap();
    let browser = server.signed_in().await;
    let answer = browser.get(&format!("/api/v1/segments/{lost}/data")).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let detail = browser
        .read(&format!("/api/v1/sessions/{}", session_id(1)))
        .await;
    assert_eq!(detail["segments"][1]["state"], "lost");
    assert_eq!(detail["segments"][1]["lost_reason"], "Spool full");
    let unknown = format!("/api/v1/segments/{}/data", segment_id(404));
    browser.get(&unknown).await.problem(404);
}

#[tokio::test]
async fn watching_is_recorded_once_and_not_for_every_range() {
    let server = with_segment().await;
    let browser = server.signed_in().await;
    for _ in 0..5 {
        range(&browser, "bytes=0-1").await;
    }
    let viewings = browser.read("/api/v1/viewings").await;
    let viewings = viewings["viewings"].as_array().unwrap();
    let watched: Vec<_> = viewings
        .iter()
        .filter(|viewing| viewing["what"] == "watched session")
        .collect();
    assert_eq!(watched.len(), 1);
    assert_eq!(watched[0]["object"], session_id(1).to_string());
    let (from, until) = (
        &watched[0]["looked_from_us"],
        &watched[0]["looked_until_us"],
    );
    assert!(from.as_i64() < until.as_i64(), "{from} to {until}");
    assert_eq!(*from, at_secs(0).as_unix_micros());
    assert!(watched[0]["looked_last_us"].is_i64());
}
