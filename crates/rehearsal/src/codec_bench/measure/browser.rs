//! Seeking with the console's decoder, in headless Chromium.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{seek::Spot, segments::Segment};
use crate::{codec_bench::statistics::Spread, stack::fresh_folder};

/// The decoder and the script that runs it.
pub struct Browser {
    /// The script: `console/tests/bench/decode.mjs`.
    pub script: PathBuf,
    /// The decoder for the browser.
    pub decoder: PathBuf,
}

impl Browser {
    /// Seeks to each of the spots. The times are those of the clock on the wall, each the best of
    /// three: a browser does not tell the processor's.
    pub fn seek(&self, segments: &[Segment], spots: &[Spot<'_>]) -> Result<Spread> {
        let folder = fresh_folder()?;
        for (number, segment) in segments.iter().enumerate() {
            fs::write(folder.path().join(format!("{number}.eid")), &segment.bytes)?;
        }
        let list: Vec<_> = spots
            .iter()
            .map(|spot| {
                json!({
                    "segment": format!("{}.eid", spot.number),
                    "from": spot.bytes.start,
                    "to": spot.bytes.end,
                    "time": spot.time.as_micros(),
                })
            })
            .collect();
        fs::write(folder.path().join("spots.json"), serde_json::to_vec(&list)?)?;
        fs::copy(&self.decoder, folder.path().join("decoder.wasm"))
            .with_context(|| format!("failed to copy {}", self.decoder.display()))?;
        let times = self.run(folder.path())?;
        ensure!(times.len() == spots.len(), "the script left moments out");
        let times = times
            .iter()
            .map(|millis| Duration::from_secs_f64(millis / 1e3));
        Ok(Spread::of(times.collect()))
    }

    fn run(&self, folder: &Path) -> Result<Vec<f64>> {
        let output = Command::new("node")
            .arg(&self.script)
            .arg(folder)
            .stderr(Stdio::inherit())
            .output()
            .context("failed to start node")?;
        ensure!(
            output.status.success(),
            "the script that decodes in a browser ended with {}",
            output.status
        );
        serde_json::from_slice(&output.stdout).context("the script's answer")
    }
}
