//! A computer to put the agent on: Debian's own SSH server, with this computer's files under it,
//! in namespaces of its own, so that nothing of what is done there reaches this computer.
//!
//! The files are an overlay over this computer's; what is written lies in the rehearsal's folder
//! and is looked at there. Where systemd does not run, `systemctl` is stood in for by a script that
//! starts what the unit says: all else is what a Debian computer has.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::until::until;

/// A computer that runs until its value goes.
pub struct Peer {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Peer {
    /// Starts one, on this port of the loopback address or on any free one, with so many MiB
    /// under `/tmp`. Its SSH key is a new one each time.
    pub fn start(folder: &Path, port: Option<u16>, tmp_mib: u32) -> Result<Self> {
        let port = match port {
            Some(port) => port,
            None => TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
        };
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        let public = format!("{}.pub", key_file(folder).display());
        make_key(&key_file(folder))?;
        let process = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child"])
            .args(["--propagation", "private", "sh", "-c", SCRIPT])
            .env("FOLDER", folder)
            .env("PORT", port.to_string())
            .env("TMP_MIB", tmp_mib.to_string())
            .env("PUBLIC_KEY", fs::read_to_string(public)?.trim())
            .env("SYSTEMCTL", SYSTEMCTL)
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.join("log"))?)
            .stderr(fs::File::create(folder.join("sshd.log"))?)
            .spawn()
            .context("failed to start unshare, which needs root")?;
        let mut peer = Self {
            process,
            folder: folder.to_owned(),
            port,
        };
        let answers = until(
            "the peer's SSH server answers",
            Duration::from_secs(60),
            || {
                let ended = peer.process.try_wait()?;
                ensure!(ended.is_none(), "the peer ended: {}", peer.log());
                Ok(std::net::TcpStream::connect(("127.0.0.1", port)).ok())
            },
        );
        answers.with_context(|| peer.log())?;
        Ok(peer)
    }

    /// The port of its SSH server.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// A private key that lets `kay` in.
    pub fn private_key(&self) -> Result<String> {
        Ok(fs::read_to_string(key_file(&self.folder))?)
    }

    /// What was written to a file there; `None` if nothing was.
    pub fn written(&self, path: &str) -> Option<PathBuf> {
        let file = self.folder.join("up").join(path.trim_start_matches('/'));
        // What was removed there is a device in the overlay.
        file.symlink_metadata()
            .is_ok_and(|metadata| metadata.is_file() || metadata.is_dir())
            .then_some(file)
    }

    /// What it said.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        format!("{}\n{}", read("log"), read("sshd.log"))
    }

    /// The command lines that were run as root there, as `sudo` keeps them.
    pub fn command_lines(&self) -> String {
        fs::read_to_string(self.folder.join("up/var/log/sudo.log")).unwrap_or_default()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

fn key_file(folder: &Path) -> PathBuf {
    folder.join("key")
}

fn make_key(file: &Path) -> Result<()> {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(file)
        .stdin(Stdio::null())
        .status()
        .context("failed to run ssh-keygen")?;
    ensure!(status.success(), "ssh-keygen ended with {status}");
    Ok(())
}

/// The password of `ann`, who may use sudo with it, and of `bob`, who may not use it.
pub const PASSWORD: &str = "correct horse battery";

const SCRIPT: &str = r##"
set -e
cd "$FOLDER"
mkdir up work root
mount -t overlay overlay -o lowerdir=/,upperdir="$FOLDER/up",workdir="$FOLDER/work" root
mount -t proc proc root/proc
mount --bind /dev root/dev
mount -t tmpfs -o mode=755 tmpfs root/run
mount -t tmpfs -o mode=1777,size="${TMP_MIB}m" tmpfs root/tmp
mkdir -p root/run/sshd root/run/systemd/system
rm -rf root/usr/bin/eidetic-agent root/etc/systemd/system/eidetic-agent.service \
    root/var/lib/eidetic root/etc/eidetic root/etc/ssh/sshd_config.d root/usr/sbin/policy-rc.d
rm -f root/usr/bin/systemctl
printf "%s" "$SYSTEMCTL" >root/usr/bin/systemctl
chmod 755 root/usr/bin/systemctl
for user in ann bob kay; do
    chroot root useradd --create-home --shell /bin/sh $user
done
printf "ann:%s\nbob:%s\n" "correct horse battery" "correct horse battery" | chroot root chpasswd
printf "Defaults !lecture, logfile=/var/log/sudo.log, loglinelen=0\nann ALL=(ALL) ALL\nkay ALL=(ALL) NOPASSWD: ALL\n" \
    >root/etc/sudoers.d/peer
chmod 440 root/etc/sudoers.d/peer
mkdir -p root/home/kay/.ssh
printf "%s\n" "$PUBLIC_KEY" >root/home/kay/.ssh/authorized_keys
chroot root chown -R kay:kay /home/kay/.ssh
chmod 700 root/home/kay/.ssh
rm -f root/etc/ssh/peer_key*
ssh-keygen -q -t ed25519 -N "" -f root/etc/ssh/peer_key
cat >root/etc/ssh/peer_config <<END
Port $PORT
ListenAddress 127.0.0.1
HostKey /etc/ssh/peer_key
UsePAM yes
PidFile none
Subsystem sftp internal-sftp
LogLevel VERBOSE
END
exec chroot root /usr/sbin/sshd -D -e -f /etc/ssh/peer_config
"##;

const SYSTEMCTL: &str = r##"#!/bin/sh
# Stands in for systemd, which does not run here: starts and stops what the unit says.
for unit in /etc/systemd/system/eidetic-agent.service /lib/systemd/system/eidetic-agent.service; do
    [ -r $unit ] && break
done
process=/run/eidetic-agent.pid
running() { [ -r $process ] && kill -0 "$(cat $process)" 2>/dev/null; }
stop() {
    running || return 0
    kill "$(cat $process)"
    for second in $(seq 150); do running || break; sleep 0.1; done
    rm -f $process
}
start() {
    [ -r $unit ] || { echo "Unit eidetic-agent.service could not be found."; exit 5; }
    program=$(sed -n s/^ExecStart=//p $unit)
    EIDETIC_LOG=info setsid $program </dev/null >>/var/log/eidetic-agent.log 2>&1 &
    echo $! >$process
}
case "$1 $2" in
"daemon-reload "*) ;;
"disable "*) stop ;;
"enable "*) [ -r $unit ] ;;
"restart "*) stop; start ;;
"is-active "*) running && echo active || { echo inactive; exit 3; } ;;
*) ;;
esac
"##;
