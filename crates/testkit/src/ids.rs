//! Ids that are the same in each run.

use std::sync::atomic::{AtomicU64, Ordering};

use eidetic_model::{IdSource, Timestamp};
use uuid::{Builder, Uuid};

/// Counts up from 1.
#[derive(Debug, Default)]
pub struct CountedIds(AtomicU64);

impl IdSource for CountedIds {
    fn new_id(&self, at: Timestamp) -> Uuid {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let millis = u64::try_from(at.as_unix_micros() / 1_000).unwrap_or(0);
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&count.to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}
