//! The decoder as a WebAssembly module, for the player in the browser.
//!
//! [`SegmentSession`] holds one segment that is being played: header, bytes that have arrived,
//! picture. `abi` exports it as plain functions over numbers; the page's side of them is
//! `console/src/lib/player/decoder/wasm.ts`. Fetching, timing and drawing are left to the page.

pub mod abi;
mod session;

pub use session::{Failure, FailureKind, SegmentSession};
