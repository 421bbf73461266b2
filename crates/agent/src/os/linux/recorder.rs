//! Recorder processes: children of the service, which talk to it over their standard input and
//! output.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use eidetic_capture::{
    CaptureError, Desktop, LoginSession, Notice, NoticeEnding, NoticeWatcher, Screen,
    blackout::{Judge, WindowMap},
    linux::{self, SessionDisplay, X11Desktop, X11Screen, X11Windows},
};
use rustix::{process::setpriority_process, time::ClockId};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// What a recorder is started with.
#[derive(Debug, Args)]
pub(crate) struct RecordArguments {}

/// A recorder's process. It is ended with this value.
pub(crate) struct RecorderChild(Child);

/// Starts this program as the recorder of a session.
pub(crate) async fn start_recorder(
    program: &Path,
    login: &LoginSession,
) -> anyhow::Result<RecorderChild> {
    let login = login.clone();
    // Reads /proc.
    let environment = tokio::task::spawn_blocking(move || display_environment(&login))
        .await
        .context("failed to look for the display's key")?;
    let child = Command::new(program)
        .arg0("eidetic-agent")
        // What a terminal sends to the service is the service's to pass on.
        .process_group(0)
        .arg("record")
        .envs(environment)
        .env_remove("EIDETIC_TOKEN")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("failed to start {}", program.display()))?;
    Ok(RecorderChild(child))
}

impl RecorderChild {
    /// Where its orders go and where its reports come from. Once.
    pub(crate) fn channel(&mut self) -> anyhow::Result<(ChildStdin, ChildStdout)> {
        let stdin = self.0.stdin.take().context("recorder has no input")?;
        let stdout = self.0.stdout.take().context("recorder has no output")?;
        Ok((stdin, stdout))
    }

    /// The number of its process.
    pub(crate) fn number(&self) -> Option<u32> {
        self.0.id()
    }

    /// Ends it at once.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        self.0.kill().await.context("failed to end its process")
    }

    /// Waits until it has ended, and gives its exit code, if it has one.
    pub(crate) async fn wait(&mut self) -> anyhow::Result<Option<i32>> {
        let status = self.0.wait().await;
        Ok(status.context("failed to wait for the recorder")?.code())
    }
}

/// In the recorder's process: where orders come from and where reports go.
pub(crate) fn service_channel(
    _arguments: &RecordArguments,
) -> anyhow::Result<(impl Read + Send + use<>, impl Write + Send + use<>)> {
    Ok((io::stdin(), io::stdout()))
}

/// In the recorder's process: sends its log where the service's goes.
pub(crate) fn init_recorder_logging(_arguments: &RecordArguments) {
    eidetic_runtime::init_logging();
}

/// What a recorder needs in its environment to open the display of this session.
pub(super) fn display_environment(session: &LoginSession) -> Vec<(&'static str, OsString)> {
    // Without a leader nothing is known of the session but its display.
    if session.leader.is_none() {
        let display = session.display.clone().unwrap_or_default();
        return vec![("DISPLAY", display.into())];
    }
    let Some(mut display) = SessionDisplay::find(session) else {
        return Vec::new();
    };
    display.key_file = readable(display.key_file);
    display.environment().collect()
}

/// The recorded user says where the key is: opening a pipe of theirs would never end.
fn readable(key: Option<PathBuf>) -> Option<PathBuf> {
    key.filter(|file| file.is_file())
}

/// The screen of a display.
pub(crate) fn open_screen(display: &str) -> Result<Box<dyn Screen>, CaptureError> {
    Ok(Box::new(X11Screen::open(display)?))
}

/// The desktop of a display, whose session belongs to this account.
pub(crate) fn open_desktop(display: &str, user_id: u32) -> Result<Box<dyn Desktop>, CaptureError> {
    Ok(Box::new(X11Desktop::open(display, user_id)?))
}

/// Where the windows of a display are, whose session belongs to this account.
pub(crate) fn open_window_map(
    display: &str,
    user_id: u32,
    judge: Judge,
) -> Result<Box<dyn WindowMap>, CaptureError> {
    Ok(Box::new(X11Windows::open(display, user_id, judge)?))
}

/// Shows a message to the user of a display, until it is closed.
pub(crate) fn show_notice(
    display: &str,
    notice: &Notice,
    watcher: &mut dyn NoticeWatcher,
) -> Result<NoticeEnding, CaptureError> {
    linux::show_notice(display, notice, watcher)
}

/// Gives up what a recorder does not need: gaining rights, and going before the user's programs.
pub(crate) fn restrict_recorder() -> anyhow::Result<()> {
    rustix::thread::set_no_new_privs(true).context("failed to set no_new_privs")?;
    setpriority_process(None, NICENESS).context("failed to lower the priority")?;
    Ok(())
}

/// This program, to be started again as a recorder. Even while its file is being replaced by
/// another version this is the one that runs: the two must understand each other.
pub(crate) fn own_program() -> anyhow::Result<PathBuf> {
    Ok(PathBuf::from("/proc/self/exe"))
}

/// The processor time that this process has used.
pub(crate) fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// How far a recorder stands back behind the user's programs.
const NICENESS: i32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_a_pipe_is_not_given_to_the_recorder() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, b"key").unwrap();
        assert_eq!(readable(Some(key.clone())), Some(key));
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(readable(Some(pipe)), None);
    }
}
