//! Watching a session as it goes on: what changed is read from the stores, a few times a second
//! at most, however fast it changes.

mod growth;
mod told;
mod watch;

pub use watch::{LiveEvent, Watch, Watched};
