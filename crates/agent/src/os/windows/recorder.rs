//! Recorder processes: started in the session of their user, with that user's rights. They talk to
//! the service over named pipes that nobody else can open.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use eidetic_capture::{
    CaptureError, Desktop, LoginSession, Notice, NoticeEnding, NoticeWatcher, Screen,
    blackout::{Judge, WindowMap},
    windows::{self, DesktopWindows, SessionScreen, WindowsDesktop, session_number},
};
use eidetic_winapi::{
    pipe::{self, Direction},
    process::{self, Account},
    session::user_token,
    spawn::{Child, start_as},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    net::windows::named_pipe::NamedPipeServer,
    time::timeout,
};
use tracing::info;

/// What a recorder is started with.
#[derive(Debug, Args)]
pub(crate) struct RecordArguments {
    /// The name that the pipes to the service have in common.
    #[arg(long, value_name = "NAME")]
    pipe: String,
}

/// A recorder's process. It is ended with this value.
pub(crate) struct RecorderChild {
    process: Arc<Child>,
    channel: Option<(NamedPipeServer, NamedPipeServer)>,
}

/// Starts this program as the recorder of a session.
pub(crate) async fn start_recorder(
    program: &Path,
    login: &LoginSession,
) -> anyhow::Result<RecorderChild> {
    let session = session_number(&login.id).context("this is no session of Windows")?;
    let token = user_token(session).context("failed to get the rights of the session's user")?;
    let account = token.account()?;
    let name = random_name()?;
    let make = |end: &str, direction| make_pipe(&name, end, direction, &account);
    let orders = make(ORDERS, Direction::Out)?;
    let reports = make(REPORTS, Direction::In)?;
    let log = make(LOG, Direction::In)?;
    let child = start_as(&token, program, &["record", "--pipe", &name])
        .with_context(|| format!("failed to start {}", program.display()))?;
    // Ended with this value, should it not come.
    let child = RecorderChild {
        process: Arc::new(child),
        channel: Some((orders, reports)),
    };
    if let Some((orders, reports)) = &child.channel {
        timeout(CONNECT_LIMIT, async {
            for pipe in [&log, orders, reports] {
                pipe.connect().await?;
                child.check_that_it_opened(pipe)?;
            }
            anyhow::Ok(())
        })
        .await
        .context("recorder does not open its pipes")?
        .context("recorder cannot be talked to")?;
    }
    tokio::spawn(keep_log(log, child.process.number()));
    Ok(child)
}

impl RecorderChild {
    /// Where its orders go and where its reports come from. Once.
    pub(crate) fn channel(&mut self) -> anyhow::Result<(NamedPipeServer, NamedPipeServer)> {
        self.channel.take().context("recorder has no pipes")
    }

    /// The number of its process.
    pub(crate) fn number(&self) -> Option<u32> {
        Some(self.process.number())
    }

    /// Ends it at once.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.wait().await.map(drop)
    }

    /// Waits until it has ended, and gives its exit code.
    pub(crate) async fn wait(&mut self) -> anyhow::Result<Option<i32>> {
        let process = Arc::clone(&self.process);
        let code = tokio::task::spawn_blocking(move || process.wait())
            .await
            .context("failed to wait for the recorder")??;
        Ok(Some(code.cast_signed()))
    }

    fn check_that_it_opened(&self, pipe: &NamedPipeServer) -> anyhow::Result<()> {
        let opener = pipe::client_process(pipe)?;
        anyhow::ensure!(
            opener == self.process.number(),
            "another process, {opener}, has opened its pipe"
        );
        Ok(())
    }
}

impl Drop for RecorderChild {
    fn drop(&mut self) {
        // Most have ended before.
        let _has_ended = self.process.kill();
    }
}

/// In the recorder's process: where orders come from and where reports go.
pub(crate) fn service_channel(
    arguments: &RecordArguments,
) -> anyhow::Result<(impl Read + Send + use<>, impl Write + Send + use<>)> {
    let open = |end| open_pipe(&arguments.pipe, end);
    let orders = open(ORDERS).context("the recorder is started by the service, not by hand")?;
    Ok((
        orders,
        open(REPORTS).context("failed to open the pipe to the service")?,
    ))
}

/// In the recorder's process: sends its log to the service, which alone may write to the file.
pub(crate) fn init_recorder_logging(arguments: &RecordArguments) {
    if let Ok(pipe) = open_pipe(&arguments.pipe, LOG) {
        eidetic_runtime::init_logging_to(pipe);
    }
}

/// The screen of this session.
pub(crate) fn open_screen(_display: &str) -> Result<Box<dyn Screen>, CaptureError> {
    Ok(Box::new(SessionScreen::open()?))
}

/// The desktop of this session.
pub(crate) fn open_desktop(
    _display: &str,
    _user_id: u32,
) -> Result<Box<dyn Desktop>, CaptureError> {
    Ok(Box::new(WindowsDesktop::open()?))
}

/// Where the windows of this session are.
pub(crate) fn open_window_map(
    _display: &str,
    _user_id: u32,
    judge: Judge,
) -> Result<Box<dyn WindowMap>, CaptureError> {
    Ok(Box::new(DesktopWindows::open(judge)?))
}

/// Shows a message to the user of this session, until it is closed.
pub(crate) fn show_notice(
    _display: &str,
    notice: &Notice,
    watcher: &mut dyn NoticeWatcher,
) -> Result<NoticeEnding, CaptureError> {
    windows::show_notice(notice, watcher)
}

/// Makes the user's own programs go first. There are no rights to give up: a recorder has its
/// user's.
pub(crate) fn restrict_recorder() -> anyhow::Result<()> {
    process::stand_back().context("failed to lower the priority")
}

/// This program, to be started again as a recorder. Its file cannot be replaced while it runs.
pub(crate) fn own_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("failed to find out where this program is")
}

/// The processor time that this process has used.
pub(crate) fn cpu_time() -> Duration {
    process::own_cpu_time()
}

/// Puts a recorder's lines into the service's log.
async fn keep_log(pipe: NamedPipeServer, process: u32) {
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A recorder runs with its user's rights: no line of it is without bounds.
        let mut bounded = (&mut lines).take(LONGEST_LINE);
        if !matches!(bounded.read_until(b'\n', &mut line).await, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        info!(process, recorder = text.trim_end(), "recorder says");
    }
}

fn make_pipe(
    name: &str,
    end: &str,
    direction: Direction,
    account: &Account,
) -> anyhow::Result<NamedPipeServer> {
    pipe::make(&path(name, end), direction, account).context("failed to make a pipe for a recorder")
}

fn open_pipe(name: &str, end: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    if end == ORDERS {
        options.read(true);
    } else {
        options.write(true);
    }
    options.open(path(name, end))
}

fn path(name: &str, end: &str) -> String {
    format!(r"\\.\pipe\eidetic-{name}-{end}")
}

fn random_name() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the operating system gives no random bytes")?;
    Ok(hex::encode(bytes))
}

const ORDERS: &str = "orders";

const REPORTS: &str = "reports";

const LOG: &str = "log";

/// How long a recorder may take to open its pipes.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);

const LONGEST_LINE: u64 = 2_048;
