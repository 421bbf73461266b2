//! The codec beside its peers, on recordings of real applications.

mod frames;
mod picture;
mod recordings;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use self::recordings::Recording;

/// What is measured.
#[derive(Args)]
pub struct Arguments {
    /// Where the recordings and the peers' results are kept.
    #[arg(long)]
    cache: PathBuf,
    /// Only these recordings.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Measures nothing: writes the picture at this many seconds of each of the recordings into a
    /// PPM file beside it.
    #[arg(long, value_name = "SECONDS")]
    picture_at: Option<f64>,
}

/// Makes the recordings that are missing, and measures.
pub fn run(arguments: &Arguments) -> Result<()> {
    std::fs::create_dir_all(&arguments.cache)?;
    for recording in Recording::ALL {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|name| name == recording.name()) {
            continue;
        }
        let path = recording.ensure(&arguments.cache)?;
        if let Some(seconds) = arguments.picture_at {
            let name = format!("{}-{seconds}.ppm", recording.name());
            let moment = std::time::Duration::try_from_secs_f64(seconds)?;
            picture::write(&path, moment, &arguments.cache.join(name))?;
            continue;
        }
    }
    Ok(())
}
