//! A log in files that never grow beyond a limit.

use std::{fs, io, path::Path};

use file_rotate::{ContentLimit, FileRotate, compression::Compression, suffix::AppendCount};

/// Writes log lines as [`crate::init_logging`] does, but to `agent.log` and its like in a folder:
/// once a file is full, it becomes `NAME.1`, the one before that `NAME.2`, and the oldest goes.
///
/// # Errors
///
/// If the folder or the file cannot be made.
pub fn init_logging_to_files(folder: &Path, name: &str) -> io::Result<()> {
    crate::init_logging_to(files(folder, name, MOST_BYTES)?);
    Ok(())
}

fn files(
    folder: &Path,
    name: &str,
    most_bytes: usize,
) -> io::Result<impl io::Write + Send + use<>> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    // Told now, rather than with the first line that is lost.
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)?;
    let kept = AppendCount::new(KEPT_FILES);
    let limit = ContentLimit::BytesSurpassed(most_bytes);
    Ok(FileRotate::new(path, kept, limit, Compression::None, None))
}

/// A file that is longer than this is full: some ten thousand lines.
const MOST_BYTES: usize = 4 << 20;

/// How many full files are kept.
const KEPT_FILES: usize = 7;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn full_files_are_kept_up_to_a_number_and_lines_stay_whole() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("logs");
        // A log of an earlier run goes on.
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("agent.log"), "line of an earlier run\n").unwrap();
        let mut log = files(&folder, "agent.log", 100).unwrap();
        for number in 0..200 {
            log.write_all(format!("line {number:03}\n").as_bytes())
                .unwrap();
            if number == 0 {
                let text = fs::read_to_string(folder.join("agent.log")).unwrap();
                assert_eq!(text, "line of an earlier run\nline 000\n");
            }
        }
        let mut names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names.len(), 1 + KEPT_FILES, "{names:?}");
        assert_eq!((&*names[0], &*names[1]), ("agent.log", "agent.log.1"));
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert!(text("agent.log").ends_with("line 199\n"));
        for name in &names {
            let text = text(name);
            assert!(text.len() <= 100 + "line 000\n".len(), "{name}");
            assert!(text.lines().all(|line| line.len() == 8), "{name}: {text}");
        }
    }

    #[test]
    fn folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(files(&file, "agent.log", 100).is_err());
    }
}
