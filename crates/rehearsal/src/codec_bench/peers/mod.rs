//! Other encoders on the same frames, by Debian's ffmpeg, one thread each.
//!
//! A peer is a child process that reads raw frames from a pipe. It gets the frames with changes
//! and nothing else, as if they came at four frames a second: what it would spend on frames that
//! stand still is spared. Its bytes are those of the elementary stream. Of its CPU time what the
//! same command takes that only reads the frames and converts their pixels is taken off.

mod cache;
mod list;
mod run;

pub use self::{
    cache::{Fresh, PeerResults, Source},
    list::{LOSSLESS_H264, PEERS, SLOW_AV1},
    run::PeerResult,
};
