//! Segments on a disk.

use std::ops::Range;

use axum::body::Bytes;
use eidetic_model::{SegmentEnd, SegmentId};
use eidetic_store::{
    StoreError,
    segments::{Appended, Sealed, SegmentStore},
};

super::on_a_disk! { SegmentStore:
    read durable_bytes(id: SegmentId) -> u64;
    write append(id: SegmentId, offset: u64, bytes: Bytes) -> Appended;
    write seal(end: &SegmentEnd) -> Sealed;
    write discard(id: SegmentId) -> ();
    read read(id: SegmentId, range: Range<u64>) -> Option<Bytes>;
    write delete(id: SegmentId) -> ();
    read growing() -> Vec<SegmentId>;
}
