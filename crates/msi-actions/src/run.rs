//! Running the agent's program.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::answers::Answers;

/// What the package hands to the part of the installation that has the rights of the system.
///
/// As text: the program, server, port, token, and the server and the port that the installation
/// before was told, with `|` between them, which is in none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct SetUp {
    program: PathBuf,
    answers: Answers,
    is_as_before: bool,
}

impl SetUp {
    /// Reads what the package wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('|').map(|field| field.trim().to_owned());
        let mut next = || fields.next();
        let program = PathBuf::from(next()?);
        let answers = Answers {
            server: next()?,
            port: next()?,
            token: next()?,
        };
        let is_as_before = next()? == answers.server && next()? == answers.port;
        Some(Self {
            program,
            answers,
            is_as_before,
        })
    }

    /// Has the program do its part: recovery, firewall, and who its server is.
    ///
    /// # Errors
    ///
    /// What the program says, or why it cannot be run.
    pub fn run(&self) -> Result<String, String> {
        let configure = ["service", "configure", "--server-port", &self.answers.port];
        let told = agent(&self.program, &configure, "")?;
        Ok(told + &agent(&self.program, &["setup"], &self.input())?)
    }

    /// A line each: server, port and token. What an administrator has changed by other means since
    /// the installation before, is not changed back.
    fn input(&self) -> String {
        let Answers {
            server,
            port,
            token,
        } = &self.answers;
        if token.is_empty() && self.is_as_before {
            return "\n\n\n".to_owned();
        }
        format!("{server}\n{port}\n{token}\n")
    }
}

/// Has the program take back what it did when it was set up.
///
/// # Errors
///
/// What the program says, or why it cannot be run.
pub fn undo_set_up(program: &Path) -> Result<String, String> {
    agent(program, &["service", "deconfigure"], "")
}

/// Waits until the program does not run any more, so that it can be replaced or removed at once: the
/// service says that it has stopped a moment before its processes have ended.
///
/// # Errors
///
/// That it still runs: Windows replaces it when the computer starts the next time.
#[expect(
    clippy::disallowed_methods,
    reason = "no event tells that a program can be written again"
)]
pub fn wait_until_ended(program: &Path) -> Result<String, String> {
    for _ in 0..END_LIMIT.as_millis() / ASK_EVERY.as_millis() {
        // Nobody may write to a program that runs.
        let runs = match OpenOptions::new().write(true).open(program) {
            Err(error) => error.kind() != ErrorKind::NotFound,
            Ok(_) => false,
        };
        if !runs {
            return Ok(String::new());
        }
        std::thread::sleep(ASK_EVERY);
    }
    Err(format!("{} still runs", program.display()))
}

/// Removes what the agent keeps in its folder, then the folder and the one above, each if nothing
/// else is in it: an administrator may have named one that others use too.
///
/// # Errors
///
/// Why it cannot be removed.
pub fn remove_data(folder: &Path) -> Result<String, String> {
    if !folder.is_absolute() || folder.parent().is_none() {
        return Err(format!("{} is not the agent's folder", folder.display()));
    }
    for name in KEPT {
        let kept = folder.join(name);
        let removed = match kept.is_dir() {
            true => std::fs::remove_dir_all(&kept),
            false => std::fs::remove_file(&kept),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(format!("failed to remove {}: {error}", kept.display()));
            }
            _ => {}
        }
    }
    match std::fs::remove_dir(folder) {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
            return Ok(format!(
                "{} has other things in it, and stays",
                folder.display()
            ));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(format!("failed to remove {}: {error}", folder.display()));
        }
        _ => {}
    }
    if let Some(above) = folder.parent().filter(|above| above.ends_with("Eidetic")) {
        // It fails if something is in it.
        let _is_in_use = std::fs::remove_dir(above);
    }
    Ok(format!("removed {}", folder.display()))
}

/// Runs the program without a window; gives what it printed.
///
/// # Errors
///
/// What the program says, or why it cannot be run.
pub fn agent(program: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("failed to run {}: {error}", program.display());
    let mut child = without_window(Command::new(program).args(arguments))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends without reading says why.
        let _was_read = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &errors);
    }
    let told = errors.trim().trim_start_matches("eidetic-agent: ");
    match told {
        "" => Err(format!(
            "{} ended with {}",
            program.display(),
            output.status
        )),
        told => Err(told.to_owned()),
    }
}

#[cfg(windows)]
fn without_window(command: &mut Command) -> &mut Command {
    use std::os::windows::process::CommandExt as _;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NO_WINDOW)
}

#[cfg(not(windows))]
fn without_window(command: &mut Command) -> &mut Command {
    command
}

const ASK_EVERY: Duration = Duration::from_millis(100);

const END_LIMIT: Duration = Duration::from_secs(20);

/// What the agent keeps in its folder, also what a crash may leave of a file that was replaced.
const KEPT: [&str; 13] = [
    "identity.toml",
    "identity.new",
    "alive.toml",
    "alive.new",
    "policy.toml",
    "policy.new",
    "prerequisites.toml",
    "prerequisites.new",
    "status.json",
    "status.new",
    "secrets",
    "spool",
    "logs",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> String {
        SetUp::parse(text).unwrap().input()
    }

    #[test]
    fn only_what_was_asked_for_now_is_handed_on() {
        assert_eq!(input("a.exe|host|9004|t||"), "host\n9004\nt\n");
        assert_eq!(input("a.exe|host|9004||old|9004"), "host\n9004\n\n");
        assert_eq!(input("a.exe|host|9005||host|9004"), "host\n9005\n\n");
        assert_eq!(input("a.exe|host|9004||host|9004"), "\n\n\n");
        assert_eq!(input("a.exe|host|9004|t|host|9004"), "host\n9004\nt\n");
        assert!(SetUp::parse("a.exe|host|9004").is_none());
    }

    #[test]
    fn program_that_is_missing_is_named() {
        let error = undo_set_up(Path::new("no-such-program")).unwrap_err();
        assert!(error.contains("no-such-program"), "{error}");
    }

    #[test]
    fn program_that_does_not_run_is_not_waited_for() {
        let program = std::env::temp_dir().join(format!("eidetic-{}.exe", std::process::id()));
        std::fs::write(&program, b"bytes").unwrap();
        wait_until_ended(&program).unwrap();
        std::fs::remove_file(&program).unwrap();
        wait_until_ended(&program).unwrap();
    }

    #[test]
    fn data_is_removed_and_no_other_folder() {
        let outer = std::env::temp_dir().join(format!("eidetic-{}", std::process::id()));
        let folder = outer.join("Eidetic/Agent");
        std::fs::create_dir_all(folder.join("spool")).unwrap();
        std::fs::write(folder.join("spool/one"), b"bytes").unwrap();
        std::fs::write(folder.join("status.json"), b"{}").unwrap();
        std::fs::write(outer.join("Eidetic/other"), b"bytes").unwrap();
        std::fs::write(folder.join("somebody's"), b"bytes").unwrap();
        assert!(remove_data(&folder).unwrap().contains("stays"));
        assert!(!folder.join("spool").exists() && !folder.join("status.json").exists());
        std::fs::remove_file(folder.join("somebody's")).unwrap();
        remove_data(&folder).unwrap();
        assert!(!folder.exists() && outer.join("Eidetic/other").exists());
        std::fs::remove_file(outer.join("Eidetic/other")).unwrap();
        remove_data(&folder).unwrap();
        assert!(!outer.join("Eidetic").exists() && outer.exists());
        std::fs::remove_dir(&outer).unwrap();
        assert!(remove_data(Path::new("Agent")).is_err());
        assert!(remove_data(Path::new("")).is_err());
    }
}
