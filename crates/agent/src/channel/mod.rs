//! What the service and its recorders say to each other, over the recorder's standard input and
//! output, on Windows over named pipes: [`Report`]s from the recorder, [`Order`]s to it.
//!
//! Both are the same program in the same version, so that there is no compatibility to keep. Each
//! message is a big-endian `u32` length and that many bytes of a protocol buffer; no length over
//! [`MAX_FRAME_BYTES`] is believed. The pipe bounds what is under way: a recorder that is faster
//! than the service waits.

mod framing;
mod message;

pub(crate) use framing::{FramingError, read_async, read_blocking, write_async, write_blocking};
pub(crate) use message::{Assignment, Order, Pace, Report};

/// The longest message: an activity record with the longest title fits, and so does the largest
/// piece of a segment.
pub(crate) const MAX_FRAME_BYTES: usize = 1 << 20;

/// The largest piece of a segment in one message.
pub(crate) const MAX_PIECE_BYTES: usize = 256 << 10;
