//! `eidetic export`: a recorded session as an ordinary video.
//!
//! ```text
//! server | files -> recording -> coverage: which segment shows which time
//!                                   |
//!                   frames (decodes) -> canvas -> i420 -> encoder -> container
//!                                   |                                    |
//!                   pace: which time of the video           titles: subtitles
//! ```

mod arguments;
mod canvas;
mod container;
mod coverage;
mod encoder;
mod files;
mod frames;
mod i420;
mod moment;
mod notice;
mod output;
mod pace;
mod progress;
mod projector;
mod recording;
mod run;
mod server;
mod span;
mod titles;
mod words;

pub use arguments::Arguments;
pub use run::run;
