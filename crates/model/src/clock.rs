//! The clock and the source of ids, as seams: the core reads neither by itself.

use std::time::Duration;

use uuid::Uuid;

use crate::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The wall clock. May jump, backwards too.
    fn wall(&self) -> Timestamp;

    /// Time since an arbitrary start. Never goes back.
    fn monotonic(&self) -> Duration;
}

/// Where new ids come from.
pub trait IdSource: Send + Sync {
    /// A new UUID of version 7 for the moment `at`: ids made later sort later.
    fn new_id(&self, at: Timestamp) -> Uuid;
}
