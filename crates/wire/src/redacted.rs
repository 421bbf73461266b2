//! `Debug` for messages with captured content, without that content.

use std::fmt;

use crate::proto::{Activity, SegmentBytes};

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity")
            .field("action", &self.action)
            .field("object_type", &self.object_type)
            .field("what", &format_args!("{} bytes", self.what.len()))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SegmentBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentBytes")
            .field("offset", &self.offset)
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .finish_non_exhaustive()
    }
}
