//! What the command line says.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use uuid::Uuid;

use super::moment::Moment;
use crate::client::ServerArguments;

/// Turn a recorded session, or a part of it, into a video that ordinary players open.
///
/// An .mp4 file has H.264 video, a .webm file AV1, which takes about ten times as long to make.
/// The titles of the active windows are a subtitle track. Time in which nothing was recorded
/// shows as a dark picture that says so.
///
/// The server records who exported: as one who watched the session.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A session's id, as the console's address shows it; or files with segments of one display,
    /// which have no titles.
    #[arg(value_name = "SESSION|FILE", required = true)]
    pub what: Vec<String>,
    /// The video to make: its name ends in .mp4 or .webm.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Where to begin: 14:05, "2026-11-20 14:05" (this computer's time zone),
    /// 2026-11-20T14:05:00+01:00, or +12m from the session's beginning.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
    /// Where to end, written in the same way.
    #[arg(long, value_name = "TIME")]
    pub to: Option<Moment>,
    /// The display to show, as the console counts them; the first one with pictures by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub display: Option<u16>,
    /// How many times faster than it happened.
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = speed)]
    pub speed: f64,
    /// Show only 2 of every 10 or more seconds in which nothing changes.
    #[arg(long)]
    pub skip_idle: bool,
    /// At most so many pictures a second.
    #[arg(long, value_name = "N", default_value = "10", value_parser = frames_per_second)]
    pub fps: f64,
    /// Replace the video if it is there already.
    #[arg(long)]
    pub force: bool,
    /// Say nothing but errors and warnings.
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// What is exported.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    /// A server's session.
    Session(String),
    /// Files.
    Files(Vec<PathBuf>),
}

impl Arguments {
    /// What is exported.
    pub fn source(&self) -> anyhow::Result<Source> {
        let sessions = self.what.iter().filter(|text| is_id(text)).count();
        match (self.what.as_slice(), sessions) {
            ([session], 1) => Ok(Source::Session(session.clone())),
            (_, 0) => Ok(Source::Files(self.what.iter().map(PathBuf::from).collect())),
            _ => bail!("name one session, or files"),
        }
    }
}

fn is_id(text: &str) -> bool {
    Uuid::try_parse(text).is_ok()
}

fn speed(text: &str) -> Result<f64, String> {
    number(text, 0.1, 1000.0)
}

fn frames_per_second(text: &str) -> Result<f64, String> {
    number(text, 0.1, 60.0)
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("write a number from {least} to {most}")),
    }
}

const EXAMPLES: &str = "\
Examples:
  Twenty minutes of a session, with the server's own certificate:
    eidetic export 0190b7c2-6f1e-7a50-b1d5-3c5f0a7e9d11 --from 14:05 --to 14:25 \\
        -o clip.mp4 --server https://eidetic.example.org:9443 --ca authority.pem

  A whole session four times as fast and without idle time:
    export EIDETIC_SERVER=https://eidetic.example.org:9443 EIDETIC_USER=anna
    eidetic export 0190b7c2-6f1e-7a50-b1d5-3c5f0a7e9d11 -o clip.webm --speed 4 --skip-idle

  From files that were handed over, beginning a quarter of an hour after the first picture:
    eidetic export one.eid two.eid --from +15m -o clip.mp4";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        export: Arguments,
    }

    fn source(what: &[&str]) -> anyhow::Result<Source> {
        let arguments = ["export"].iter().chain(what).chain(&["-o", "clip.mp4"]);
        Program::try_parse_from(arguments).unwrap().export.source()
    }

    const ID: &str = "0190b7c2-6f1e-7a50-b1d5-3c5f0a7e9d11";

    #[test]
    fn a_session_is_told_from_files() {
        assert_eq!(source(&[ID]).unwrap(), Source::Session(ID.to_owned()));
        let files = ["one.eid", "two.eid"].map(PathBuf::from).to_vec();
        assert_eq!(
            source(&["one.eid", "two.eid"]).unwrap(),
            Source::Files(files)
        );
        assert!(source(&[ID, "one.eid"]).is_err());
        assert!(source(&[ID, ID]).is_err());
    }

    #[test]
    fn numbers_without_sense_are_refused() {
        for wrong in [
            "--speed=0",
            "--speed=nan",
            "--fps=-1",
            "--fps=1000",
            "--display=0",
        ] {
            let arguments = ["export", "one.eid", "-o", "clip.mp4", wrong];
            assert!(Program::try_parse_from(arguments).is_err(), "{wrong}");
        }
    }
}
