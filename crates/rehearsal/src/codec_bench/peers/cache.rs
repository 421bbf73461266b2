//! The peers' results beside a recording, so that a second run does not pay for them again.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    list::{Peer, Pixels},
    run::{self, PeerResult},
};

/// Whether results that are kept are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// Everything is measured anew.
    All,
    /// What is there and still fits is used.
    Missing,
}

/// The results for one recording.
pub struct PeerResults {
    path: PathBuf,
    recording: PathBuf,
    most_frames: u64,
    kept: Kept,
    source_cpu: Vec<(Pixels, std::time::Duration)>,
}

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
struct Kept {
    /// SHA-256 of the recording.
    recording: String,
    /// The most frames that were given to each peer.
    most_frames: u64,
    /// The versions of the encoders.
    versions: Vec<String>,
    /// By the peer's name.
    results: BTreeMap<String, PeerResult>,
}

/// Where a result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// It was measured just now.
    Measured,
    /// It was measured in an earlier run.
    Kept,
}

impl PeerResults {
    /// The results beside a recording, as far as they are of this recording, of as many frames and
    /// of these versions of the encoders.
    pub fn open(recording: &Path, most_frames: u64, fresh: Fresh) -> Result<Self> {
        let path = recording.with_extension("peers.json");
        let none = Kept {
            recording: hash(recording)?,
            most_frames,
            versions: versions()?,
            results: BTreeMap::new(),
        };
        let kept = match fresh {
            Fresh::All => none,
            Fresh::Missing => read(&path)?.filter(|kept| kept.fits(&none)).unwrap_or(none),
        };
        Ok(Self {
            path,
            recording: recording.to_owned(),
            most_frames,
            kept,
            source_cpu: Vec::new(),
        })
    }

    /// The versions of the encoders.
    pub fn versions(&self) -> &[String] {
        &self.kept.versions
    }

    /// A peer's result, measured if it is not there.
    pub fn result(&mut self, peer: &Peer) -> Result<(PeerResult, Source)> {
        if let Some(kept) = self.kept.results.get(peer.name)
            && kept.arguments == run::arguments(peer)
        {
            return Ok((kept.clone(), Source::Kept));
        }
        let source_cpu = self.source_cpu(peer.pixels)?;
        let result = run::encode(peer, &self.recording, self.most_frames, source_cpu)?;
        self.kept
            .results
            .insert(peer.name.to_owned(), result.clone());
        self.write()?;
        Ok((result, Source::Measured))
    }

    fn source_cpu(&mut self, pixels: Pixels) -> Result<std::time::Duration> {
        let known = self.source_cpu.iter().find(|(of, _)| *of == pixels);
        if let Some((_, cpu)) = known {
            return Ok(*cpu);
        }
        let cpu = run::source_cpu(&self.recording, self.most_frames, pixels)?;
        self.source_cpu.push((pixels, cpu));
        Ok(cpu)
    }

    fn write(&self) -> Result<()> {
        let unfinished = self.path.with_extension("unfinished");
        fs::write(&unfinished, serde_json::to_vec_pretty(&self.kept)?)?;
        fs::rename(&unfinished, &self.path)
            .with_context(|| format!("failed to write {}", self.path.display()))
    }
}

impl Kept {
    /// Whether these results would be the same for the other's recording and encoders.
    fn fits(&self, other: &Self) -> bool {
        self.recording == other.recording
            && self.most_frames == other.most_frames
            && self.versions == other.versions
    }
}

/// The file's content; nothing if there is none or it is of another version of this program.
fn read(path: &Path) -> Result<Option<Kept>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("failed to read {}", path.display())),
    }
}

fn hash(path: &Path) -> Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        hash.update(&piece[..length]);
    }
    let digest = hash.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The packages of ffmpeg and its encoders with their versions.
fn versions() -> Result<Vec<String>> {
    let output = Command::new("dpkg-query")
        .args([
            "--show",
            "--showformat=${db:Status-Abbrev}${Package} ${Version}\n",
        ])
        .args(["ffmpeg", "libx264-*", "libsvtav1enc*", "libvpx*"])
        .output()
        .context("failed to start dpkg-query")?;
    Ok(installed(&String::from_utf8_lossy(&output.stdout)))
}

/// Those lines of dpkg-query's answer that name packages that are installed.
fn installed(answer: &str) -> Vec<String> {
    let mut all: Vec<String> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("ii "))
        .map(str::to_owned)
        .collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        Kept {
            recording: "one".to_owned(),
            most_frames: 10,
            versions: vec!["ffmpeg 5".to_owned()],
            results: BTreeMap::new(),
        }
    }

    #[test]
    fn result_of_another_recording_prefix_or_encoder_is_not_used() {
        assert!(kept().fits(&kept()));
        let mut other = kept();
        other.recording = "two".to_owned();
        assert!(!kept().fits(&other));
        let mut other = kept();
        other.most_frames = 11;
        assert!(!kept().fits(&other));
        let mut other = kept();
        other.versions = vec!["ffmpeg 6".to_owned()];
        assert!(!kept().fits(&other));
    }

    #[test]
    fn file_of_another_version_of_this_program_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("busy.peers.json");
        assert_eq!(read(&path).unwrap(), None);
        fs::write(&path, "{\"recording\":\"one\"}").unwrap();
        assert_eq!(read(&path).unwrap(), None);
        fs::write(&path, serde_json::to_vec(&kept()).unwrap()).unwrap();
        assert_eq!(read(&path).unwrap(), Some(kept()));
    }

    #[test]
    fn only_installed_packages_count_as_versions() {
        let answer = "ii ffmpeg 7:5.1.9\nun libvpx-dev \nii libvpx7 1.12.0\nii ffmpeg 7:5.1.9\n";
        assert_eq!(installed(answer), ["ffmpeg 7:5.1.9", "libvpx7 1.12.0"]);
    }
}
