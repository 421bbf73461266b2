//! The Windows computer's file sharing: Debian's Samba, as a process of the rehearsal's own.

use std::{
    fs,
    io::Write as _,
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::until::until;

/// A running Samba.
pub struct Samba {
    process: Child,
    folder: PathBuf,
    port: u16,
}

/// What it is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As Windows is.
    Usual,
    /// Windows' folder is not shared.
    WithoutAdminShare,
    /// As Windows 8.1 is.
    Old,
}

impl Samba {
    /// Starts one that shares this as Windows' folder, on this port or any free one.
    pub fn start(folder: &Path, windows: &Path, kind: Kind, port: Option<u16>) -> Result<Self> {
        let port = match port {
            Some(port) => port,
            None => TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
        };
        for name in ["lock", "state", "cache", "private", "pid", "rpc"] {
            fs::create_dir_all(folder.join(name))?;
        }
        let config = folder.join("smb.conf");
        fs::write(&config, configuration(folder, windows, kind, port))?;
        let samba = |process| Self {
            process,
            folder: folder.to_owned(),
            port,
        };
        for (user, password) in [(ADMINISTRATOR, PASSWORD), (USER, PASSWORD), (OFF, PASSWORD)] {
            set_password(&config, user, password)?;
        }
        run_tool(&config, &["-d", OFF])?;
        let process = Command::new("smbd")
            .arg("--configfile")
            .arg(&config)
            .args(["--foreground", "--no-process-group"])
            // When it is ended it ends its whole group, which must not be that of the rehearsal.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.join("smbd.out"))?)
            .stderr(fs::File::create(folder.join("smbd.err"))?)
            .spawn()
            .context("failed to start smbd")?;
        let mut samba = samba(process);
        until("Samba answers", Duration::from_secs(60), || {
            let ended = samba.process.try_wait()?;
            ensure!(ended.is_none(), "smbd ended: {}", samba.log());
            Ok(TcpStream::connect(("127.0.0.1", port)).ok())
        })?;
        Ok(samba)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it looks for the pipes that others serve.
    pub fn sockets(folder: &Path) -> PathBuf {
        folder.join("rpc")
    }

    /// What it said.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        format!("{}\n{}", read("smbd.err"), read("smbd.log"))
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        // Its children leave with it.
        let id = i32::try_from(self.process.id()).ok();
        if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
            let _gone_already = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let _status = self.process.wait();
    }
}

fn configuration(folder: &Path, windows: &Path, kind: Kind, port: u16) -> String {
    let folder = folder.display();
    let newest = match kind {
        Kind::Old => "SMB3_02",
        Kind::Usual | Kind::WithoutAdminShare => "SMB3_11",
    };
    let global = format!(
        "[global]\nserver role = standalone server\nworkgroup = REHEARSAL\nnetbios name = PC-1\n\
         interfaces = lo\nbind interfaces only = yes\nsmb ports = {port}\ndisable netbios = yes\n\
         lock directory = {folder}/lock\nstate directory = {folder}/state\n\
         cache directory = {folder}/cache\nprivate dir = {folder}/private\n\
         pid directory = {folder}/pid\nncalrpc dir = {folder}/rpc\nlog file = {folder}/smbd.log\n\
         server signing = mandatory\nserver min protocol = SMB2\nserver max protocol = {newest}\n\
         map to guest = never\nrpc start on demand helpers = no\nload printers = no\n\
         printing = bsd\ndisable spoolss = yes\n"
    );
    let share = format!(
        "[ADMIN$]\npath = {}\nread only = no\nvalid users = {ADMINISTRATOR}\n\
         vfs objects = acl_xattr\nacl_xattr:ignore system acls = yes\n",
        windows.display()
    );
    match kind {
        Kind::WithoutAdminShare => global,
        Kind::Usual | Kind::Old => global + &share,
    }
}

fn set_password(config: &Path, user: &str, password: &str) -> Result<()> {
    let mut running = tool(config)
        .args(["-s", "-a", user])
        .stdin(Stdio::piped())
        .spawn()
        .context("failed to start smbpasswd")?;
    let mut stdin = running.stdin.take().context("smbpasswd has no input")?;
    write!(stdin, "{password}\n{password}\n")?;
    drop(stdin);
    let status = running.wait()?;
    ensure!(status.success(), "smbpasswd ended with {status}");
    Ok(())
}

fn run_tool(config: &Path, arguments: &[&str]) -> Result<()> {
    let status = tool(config).args(arguments).status()?;
    ensure!(status.success(), "smbpasswd ended with {status}");
    Ok(())
}

fn tool(config: &Path) -> Command {
    let mut tool = Command::new("smbpasswd");
    tool.arg("-c").arg(config);
    tool.stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    tool
}

/// Accounts that every Debian has: one that may everything, two that may not.
pub const ADMINISTRATOR: &str = "root";
pub const USER: &str = "daemon";
pub const OFF: &str = "games";

/// Of all of them.
pub const PASSWORD: &str = "correct horse battery";
