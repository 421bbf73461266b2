//! An installation that failed: the computer becomes what it was.

use std::{
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::run::{agent, remove_data, wait_until_ended};

/// What has to go if the first installation fails. The package itself takes back files, service and
/// registry.
///
/// As text: the program, and the folders with data that were not there before, with `|` between
/// them, which is in none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeBack {
    program: PathBuf,
    new_data: Vec<PathBuf>,
}

impl TakeBack {
    /// Before anything is changed: finds out which of the folders are not there yet.
    pub fn look(program: &str, folders: &[&str]) -> Self {
        let named = folders.iter().map(Path::new).filter(|it| it.is_absolute());
        let is_new = |folder: &&Path| {
            // One that cannot be looked at is there.
            let found = folder.symlink_metadata();
            found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
        };
        Self {
            program: PathBuf::from(program),
            new_data: named.filter(is_new).map(Path::to_owned).collect(),
        }
    }

    /// Reads what was written before.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('|').map(PathBuf::from);
        let program = fields.next().filter(|program| program.is_absolute())?;
        Some(Self {
            program,
            new_data: fields.collect(),
        })
    }

    /// Ends the program and has it take back what it did, then removes its data.
    ///
    /// # Errors
    ///
    /// What could not be done; the rest is.
    pub fn run(&self) -> Result<String, String> {
        let mut told = String::new();
        let mut failed = String::new();
        let undone = agent(&self.program, &["service", "deconfigure", "--stop"], "");
        let ended = wait_until_ended(&self.program);
        let removed = self.new_data.iter().map(|folder| remove_data(folder));
        for done in [undone, ended].into_iter().chain(removed) {
            match done {
                Ok(line) => told += &format!("{line}\n"),
                Err(line) => failed += &format!("{line}\n"),
            }
        }
        match failed.is_empty() {
            true => Ok(told),
            false => Err(told + &failed),
        }
    }
}

impl fmt::Display for TakeBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.display())?;
        for folder in &self.new_data {
            write!(f, "|{}", folder.display())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn data_that_was_there_before_stays() {
        let outer = std::env::temp_dir().join(format!("eidetic-back-{}", std::process::id()));
        let [before, new] = ["before", "new"].map(|name| outer.join(name));
        fs::create_dir_all(before.join("spool")).unwrap();
        let program = outer.join("eidetic-agent.exe").display().to_string();
        let folders = [&before, &new].map(|folder| folder.display().to_string());
        let looked = TakeBack::look(&program, &[&*folders[0], &*folders[1], ""]);
        assert_eq!(looked.new_data, std::slice::from_ref(&new));
        let read = TakeBack::parse(&looked.to_string()).unwrap();
        assert_eq!(read, looked);

        fs::create_dir_all(new.join("spool")).unwrap();
        // The program is not there to take anything back; its data goes all the same.
        let error = read.run().unwrap_err();
        assert!(error.contains("eidetic-agent.exe"), "{error}");
        assert!(before.join("spool").exists() && !new.exists());
        fs::remove_dir_all(outer).unwrap();
        assert!(TakeBack::parse("").is_none());
    }
}
