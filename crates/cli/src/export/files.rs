//! Recordings that lie on this computer's disk.

use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::frames;
use super::recording::{Recording, Segment, SegmentStore};
use super::span::Span;

/// Reads the segments of one display from these files. Gives also what is wrong with them.
pub fn open(paths: &[PathBuf]) -> anyhow::Result<(Recording, Vec<String>)> {
    let mut segments = Vec::new();
    let mut warnings = Vec::new();
    for path in paths {
        let name = path.to_str().context("a file's name must be Unicode")?;
        let (segment, damage) = survey(path, name).with_context(|| path.display().to_string())?;
        if let Some(damage) = damage {
            warnings.push(format!("{}: {damage}", path.display()));
        }
        segments.push(segment);
    }
    segments.sort_by_key(|segment| segment.span.from);
    let (Some(first), Some(last)) = (
        segments.first().map(|segment| segment.span.from),
        segments.iter().map(|segment| segment.span.until).max(),
    ) else {
        bail!("no file was named");
    };
    let recording = Recording {
        name: paths
            .first()
            .and_then(|path| path.file_stem())
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
        span: Span {
            from: first,
            until: last,
        },
        segments,
        titles: Vec::new(),
        store: Box::new(FileStore),
    };
    Ok((recording, warnings))
}

fn survey(path: &Path, name: &str) -> anyhow::Result<(Segment, Option<String>)> {
    let file = File::open(path).context("failed to open it")?;
    let length = file.metadata().context("failed to ask for its size")?.len();
    frames::survey(name, &mut BufReader::new(file), length)
}

/// Segments whose names are those of their files.
struct FileStore;

impl SegmentStore for FileStore {
    fn open<'a>(&'a self, segment: &Segment, offset: u64) -> anyhow::Result<Box<dyn Read + 'a>> {
        let mut file = File::open(&segment.name)
            .with_context(|| format!("failed to open {}", segment.name))?;
        file.seek(SeekFrom::Start(offset))
            .with_context(|| format!("failed to read {}", segment.name))?;
        Ok(Box::new(file.take(segment.bytes.saturating_sub(offset))))
    }
}
