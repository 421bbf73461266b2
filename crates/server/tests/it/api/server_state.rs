//! How the server itself is.

use serde_json::json;

use super::support::{Server, activity, at_secs, opened, segment_id, segment_opened, session_id};
use crate::faulty::{Disk, with_audit_on, with_control_on, with_segments_on};

#[tokio::test]
async fn it_is_well_only_while_each_of_its_stores_answers() {
    let server = Server::start().await;
    for put_on in [with_audit_on, with_control_on, with_segments_on] {
        let disk = Disk::default();
        let server = server.with(put_on(&disk, server.components.clone()));
        let health = async || server.browser().get("/api/v1/health").await;
        assert_eq!(health().await.json()["status"], "ok");
        disk.take_out();
        let answer = health().await;
        answer.problem(503);
        assert!(!answer.text().contains("bay 7"), "{}", answer.text());
        disk.mend();
        assert_eq!(health().await.json()["status"], "ok");
    }
}

#[tokio::test]
async fn it_tells_how_much_is_stored() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let nothing = json!({"records": 0, "audit_bytes": 0, "segment_bytes": 0});
    assert_eq!(browser.read("/api/v1/storage").await, nothing);

    server
        .take_in(vec![
            opened(1, 0),
            activity(1, 5, "one"),
            activity(1, 9, "another"),
            segment_opened(1, 1, 0),
            segment_opened(1, 2, 0),
        ])
        .await;
    for (segment, bytes) in [(1, [0; 700].as_slice()), (2, &[0; 42])] {
        let (session, segment) = (session_id(1), segment_id(segment));
        server.grow(session, segment, bytes, at_secs(2)).await;
    }
    let expected = json!({
        "records": 2,
        "audit_bytes": 0,
        "oldest_us": at_secs(5).as_unix_micros(),
        "newest_us": at_secs(9).as_unix_micros(),
        "segment_bytes": 742,
    });
    assert_eq!(browser.read("/api/v1/storage").await, expected);
}
