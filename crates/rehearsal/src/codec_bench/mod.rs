//! The codec beside its peers, on recordings of real applications.
//!
//! The recordings are made once, by scripts that use the applications, and kept; so are the peers'
//! results. This codec is measured in each run. Everything has one thread and the same frames.

mod frames;
mod measure;
mod peers;
mod picture;
mod recordings;
mod report;
mod run;
mod setting;
mod statistics;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use clap::Args;

use self::{measure::Browser, peers::Fresh, recordings::Recording, report::Report, run::Beside};

/// What is measured.
#[derive(Args)]
pub struct Arguments {
    /// Where the recordings and the peers' results are kept.
    #[arg(long)]
    cache: PathBuf,
    /// Only these recordings, with commas between them.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Recording>,
    /// Measures this codec alone.
    #[arg(long)]
    no_peers: bool,
    /// Measures the peers again, also where their results are kept.
    #[arg(long, conflicts_with = "no_peers")]
    fresh_peers: bool,
    /// Writes everything into this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The script that decodes in a browser; without it, that is not measured.
    #[arg(long, requires = "decoder")]
    decode_script: Option<PathBuf>,
    /// The decoder for the browser.
    #[arg(long)]
    decoder: Option<PathBuf>,
    /// Measures nothing: writes the picture at this many seconds of each of the recordings into a
    /// PPM file beside it.
    #[arg(long, value_name = "SECONDS")]
    picture_at: Option<f64>,
}

/// Makes the recordings that are missing, and measures.
pub fn run(arguments: &Arguments) -> Result<()> {
    std::fs::create_dir_all(&arguments.cache)
        .with_context(|| format!("failed to make {}", arguments.cache.display()))?;
    let beside = Beside {
        browser: arguments
            .decode_script
            .clone()
            .zip(arguments.decoder.clone())
            .map(|(script, decoder)| Browser { script, decoder }),
        peers: match (arguments.no_peers, arguments.fresh_peers) {
            (true, _) => None,
            (false, true) => Some(Fresh::All),
            (false, false) => Some(Fresh::Missing),
        },
    };
    let mut report = Report::default();
    for recording in arguments.recordings() {
        let path = recording.ensure(&arguments.cache)?;
        if let Some(seconds) = arguments.picture_at {
            let name = format!("{}-{seconds}.ppm", recording.name());
            let moment = Duration::try_from_secs_f64(seconds)?;
            picture::write(&path, moment, &arguments.cache.join(name))?;
            continue;
        }
        let measured = run::measure(recording, &path, &beside);
        let measured =
            measured.with_context(|| format!("failed to measure {}", recording.name()))?;
        report.add(measured);
    }
    if let Some(path) = &arguments.json {
        report.write(path)?;
    }
    Ok(())
}

impl Arguments {
    fn recordings(&self) -> Vec<Recording> {
        let wanted = |recording: &Recording| self.only.is_empty() || self.only.contains(recording);
        Recording::ALL.iter().copied().filter(wanted).collect()
    }
}
