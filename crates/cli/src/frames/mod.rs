//! `eidetic frames`: the codec as a filter.
//!
//! These commands are a stable interface: other programs measure and convert with them.

mod cpu_time;
mod decode;
mod encode;
mod info;
mod rate;
mod size;
mod source;

use clap::Subcommand;

/// What to do with frames.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Encode raw BGRX frames from standard input to a segment on standard output.
    Encode(encode::Arguments),
    /// Decode a segment from standard input to raw BGRX frames on standard output.
    Decode(decode::Arguments),
    /// Print what a segment file holds, as JSON.
    Info(info::Arguments),
}

impl Command {
    /// Does it.
    pub fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Encode(arguments) => encode::run(arguments),
            Self::Decode(arguments) => decode::run(arguments),
            Self::Info(arguments) => info::run(arguments),
        }
    }
}
