//! A moment of a recording as a picture file, to see what the scripts do.

use std::{fs, io::Write as _, path::Path, time::Duration};

use anyhow::{Context, Result};

use super::frames::{FramesReader, Recorded};

/// Writes the picture that a recording shows at a moment, as a PPM file.
pub fn write(recording: &Path, moment: Duration, to: &Path) -> Result<()> {
    let mut reader = FramesReader::open(recording)?;
    let size = reader.size();
    let mut shown = Vec::new();
    while let Recorded::Frame { time, pixels, .. } = reader.next()? {
        if time > moment && !shown.is_empty() {
            break;
        }
        shown.clear();
        shown.extend_from_slice(pixels);
    }
    let file =
        fs::File::create(to).with_context(|| format!("failed to create {}", to.display()))?;
    let mut file = std::io::BufWriter::new(file);
    write!(file, "P6\n{} {}\n255\n", size.width(), size.height())?;
    for pixel in shown.chunks_exact(4) {
        file.write_all(&[pixel[2], pixel[1], pixel[0]])?;
    }
    file.flush()?;
    Ok(())
}
