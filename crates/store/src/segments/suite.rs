//! What every store of segments must do.

use std::{fs, path::Path};

use bytes::Bytes;
use eidetic_model::{SegmentEnd, SegmentId, Timestamp};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use super::{Appended, MemorySegments, ObjectSegments, Sealed, SegmentStore};
#[cfg(target_os = "linux")]
use crate::StoreError;

/// Each promise, held by both stores.
macro_rules! promises {
    ($($promise:ident),* $(,)?) => {
        mod in_a_folder {
            $(#[tokio::test]
            async fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                super::$promise(&super::ObjectSegments::local(folder.path()).await.unwrap()).await;
            })*
        }
        mod in_memory {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(&super::MemorySegments::new()).await;
            })*
        }
    };
}

promises! {
    a_segment_grows_without_holes_or_repeats,
    a_whole_segment_stays_as_it_is,
    a_segment_with_another_hash_is_not_taken,
    what_was_discarded_can_come_again,
    ranges_end_where_the_segment_does,
}

async fn a_segment_grows_without_holes_or_repeats(store: &dyn SegmentStore) {
    let id = id(1);
    assert_eq!(store.durable_bytes(id).await.unwrap(), 0);
    assert_eq!(
        append(store, id, 4, b"xx").await,
        Appended::Hole { durable: 0 }
    );
    assert_eq!(append(store, id, 0, b"abcd").await, Appended::Durable(4));
    assert_eq!(append(store, id, 2, b"cdef").await, Appended::Durable(6));
    assert_eq!(append(store, id, 0, b"abcd").await, Appended::Durable(6));
    assert_eq!(
        append(store, id, 7, b"xx").await,
        Appended::Hole { durable: 6 }
    );
    assert_eq!(append(store, id, 6, b"").await, Appended::Durable(6));
    assert_eq!(store.durable_bytes(id).await.unwrap(), 6);
    assert_eq!(store.growing().await.unwrap(), [id]);
    assert_eq!(all(store, id).await.unwrap(), "abcdef");
}

async fn a_whole_segment_stays_as_it_is(store: &dyn SegmentStore) {
    let id = id(2);
    let end = end(id, b"abcdef");
    assert_eq!(
        store.seal(&end).await.unwrap(),
        Sealed::Incomplete { durable: 0 }
    );
    append(store, id, 0, b"abc").await;
    assert_eq!(
        store.seal(&end).await.unwrap(),
        Sealed::Incomplete { durable: 3 }
    );
    append(store, id, 3, b"def").await;
    assert_eq!(store.seal(&end).await.unwrap(), Sealed::Stored);
    assert_eq!(store.seal(&end).await.unwrap(), Sealed::Stored);
    for other in [&b"abcdeX"[..], b"abc"] {
        let other = self::end(id, other);
        assert_eq!(store.seal(&other).await.unwrap(), Sealed::HashMismatch);
    }
    assert_eq!(append(store, id, 6, b"more").await, Appended::AlreadySealed);
    store.discard(id).await.unwrap();
    assert_eq!(all(store, id).await.unwrap(), "abcdef");
    assert_eq!(store.growing().await.unwrap(), []);
    store.delete(id).await.unwrap();
    store.delete(id).await.unwrap();
    assert_eq!(all(store, id).await, None);
}

async fn a_segment_with_another_hash_is_not_taken(store: &dyn SegmentStore) {
    let id = id(3);
    append(store, id, 0, b"abcdeX").await;
    assert_eq!(
        store.seal(&end(id, b"abcdef")).await.unwrap(),
        Sealed::HashMismatch
    );
    // Longer than it should be.
    assert_eq!(
        store.seal(&end(id, b"abc")).await.unwrap(),
        Sealed::HashMismatch
    );
    assert_eq!(store.growing().await.unwrap(), [id]);
    assert_eq!(
        store.seal(&end(id, b"abcdeX")).await.unwrap(),
        Sealed::Stored
    );
}

async fn what_was_discarded_can_come_again(store: &dyn SegmentStore) {
    let id = id(4);
    append(store, id, 0, b"wrong").await;
    store.discard(id).await.unwrap();
    store.discard(id).await.unwrap();
    assert_eq!(store.durable_bytes(id).await.unwrap(), 0);
    assert_eq!(all(store, id).await, None);
    assert_eq!(append(store, id, 0, b"right").await, Appended::Durable(5));
    assert_eq!(
        store.seal(&end(id, b"right")).await.unwrap(),
        Sealed::Stored
    );
    assert_eq!(all(store, id).await.unwrap(), "right");
}

async fn ranges_end_where_the_segment_does(store: &dyn SegmentStore) {
    let id = id(5);
    append(store, id, 0, b"0123456789").await;
    for _ in ["growing", "whole"] {
        for (range, expected) in [
            (0..4, "0123"),
            (8..100, "89"),
            (10..20, ""),
            (50..u64::MAX, ""),
            (3..3, ""),
            (0..u64::MAX, "0123456789"),
        ] {
            assert_eq!(store.read(id, range).await.unwrap().unwrap(), expected);
        }
        assert_eq!(
            store.seal(&end(id, b"0123456789")).await.unwrap(),
            Sealed::Stored
        );
    }
    assert_eq!(store.read(self::id(6), 0..4).await.unwrap(), None);
}

#[tokio::test]
async fn a_large_segment_is_put_in_pieces_and_read_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = ObjectSegments::local(folder.path()).await.unwrap();
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|i| (i % 251) as u8).collect();
    append(&store, id(1), 0, &bytes).await;
    assert_eq!(
        store.seal(&end(id(1), &bytes)).await.unwrap(),
        Sealed::Stored
    );
    assert!(all(&store, id(1)).await.unwrap() == bytes);
}

/// Stopped at each point between two steps of its life, a segment is where it was, or further.
#[tokio::test]
async fn a_segment_survives_a_crash_at_every_step() {
    let folder = tempfile::tempdir().unwrap();
    let reopen = async || ObjectSegments::local(folder.path()).await.unwrap();
    let (id, whole) = (id(1), b"abcdef");
    let part = folder.path().join("incoming").join(format!("{id}.part"));
    append(&reopen().await, id, 0, b"abc").await;
    assert_eq!(reopen().await.durable_bytes(id).await.unwrap(), 3);
    // Killed after the bytes were written, before they were acknowledged: they are sent again.
    fs::write(&part, b"abcde").unwrap();
    let store = reopen().await;
    assert_eq!(append(&store, id, 3, b"def").await, Appended::Durable(6));
    assert_eq!(store.seal(&end(id, whole)).await.unwrap(), Sealed::Stored);
    assert!(!part.exists());
    // Killed after the object was put, before the part file was removed.
    fs::write(&part, whole).unwrap();
    let store = reopen().await;
    assert!(!part.exists());
    assert_eq!(store.growing().await.unwrap(), []);
    assert_eq!(append(&store, id, 0, whole).await, Appended::AlreadySealed);
    assert_eq!(store.seal(&end(id, whole)).await.unwrap(), Sealed::Stored);
    // The same while the process lives: removing failed, and sealing is asked for again.
    fs::write(&part, whole).unwrap();
    assert_eq!(store.seal(&end(id, whole)).await.unwrap(), Sealed::Stored);
    assert!(!part.exists());
    assert_eq!(all(&store, id).await.unwrap(), &whole[..]);
}

/// A tail that a power failure tore is found by the hash, and the segment is sent again.
#[tokio::test]
async fn a_torn_tail_is_found_and_the_segment_can_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = ObjectSegments::local(folder.path()).await.unwrap();
    let id = id(1);
    append(&store, id, 0, b"abc").await;
    let part = folder.path().join("incoming").join(format!("{id}.part"));
    fs::write(&part, b"abc\0\0").unwrap();
    assert_eq!(append(&store, id, 3, b"def").await, Appended::Durable(6));
    assert_eq!(
        store.seal(&end(id, b"abcdef")).await.unwrap(),
        Sealed::HashMismatch
    );
    store.discard(id).await.unwrap();
    append(&store, id, 0, b"abcdef").await;
    assert_eq!(
        store.seal(&end(id, b"abcdef")).await.unwrap(),
        Sealed::Stored
    );
}

/// Writing to `/dev/full` fails as on a full disk.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let store = ObjectSegments::local(folder.path()).await.unwrap();
    let part = folder
        .path()
        .join("incoming")
        .join(format!("{}.part", id(1)));
    std::os::unix::fs::symlink("/dev/full", part).unwrap();
    let refused = store.append(id(1), 0, Bytes::from_static(b"abc")).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })));
    assert_eq!(append(&store, id(2), 0, b"abc").await, Appended::Durable(3));
}

#[tokio::test]
async fn objects_lie_in_the_folder_of_their_day_and_are_listed_by_age() {
    let folder = tempfile::tempdir().unwrap();
    let store = ObjectSegments::local(folder.path()).await.unwrap();
    let dated: SegmentId = "019b76da-a800-7000-8000-000000000001".parse().unwrap();
    for id in [dated, id(7)] {
        append(&store, id, 0, b"x").await;
        assert_eq!(store.seal(&end(id, b"x")).await.unwrap(), Sealed::Stored);
    }
    let is_there = |path: String| Path::new(folder.path()).join(path).is_file();
    assert!(is_there(format!("segments/2026/01/01/{dated}.eid")));
    assert!(is_there(format!("segments/other/07/{}.eid", id(7))));
    let before = async |time: Timestamp| {
        let ids: Vec<SegmentId> = store.stored_before(time).try_collect().await.unwrap();
        ids.len()
    };
    assert_eq!(before(Timestamp::from_unix_micros(0)).await, 0);
    assert_eq!(before(Timestamp::MAX).await, 2);
}

fn id(id: u8) -> SegmentId {
    SegmentId::from_slice(&[id; 16]).unwrap()
}

fn end(id: SegmentId, bytes: &[u8]) -> SegmentEnd {
    SegmentEnd {
        id,
        end: Timestamp::default(),
        bytes: bytes.len() as u64,
        sha256: Sha256::digest(bytes).into(),
    }
}

async fn append(store: &dyn SegmentStore, id: SegmentId, offset: u64, bytes: &[u8]) -> Appended {
    let bytes = Bytes::copy_from_slice(bytes);
    store.append(id, offset, bytes).await.unwrap()
}

async fn all(store: &dyn SegmentStore, id: SegmentId) -> Option<Bytes> {
    store.read(id, 0..u64::MAX).await.unwrap()
}
