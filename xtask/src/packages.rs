//! Debian packages that the commands need.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::command::Run;

/// To build: compilers for SQLite, zstd and OpenH264, an assembler, which makes OpenH264 three times
/// as fast, the protocol compiler, and the standard library for WebAssembly where rustup's is not
/// installed.
pub const BUILD: &[&str] = &[
    "gcc",
    "g++",
    "nasm",
    "libc6-dev",
    "protobuf-compiler",
    "rustc-web",
    "cargo-web",
    "rust-web-src",
];

/// For the agent on Windows: a compiler, a standard library in source, and a Windows to test in.
pub const WINDOWS: &[&str] = &[
    "gcc",
    "libc6-dev",
    "protobuf-compiler",
    "gcc-mingw-w64-x86-64",
    // Has the licence of what the compiler adds.
    "mingw-w64-common",
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-clippy",
    "wine",
    "wine64",
    "xvfb",
    "xdotool",
];

/// For the packages for Debian.
pub const DEB: &[&str] = &[
    "debhelper",
    "dpkg-dev",
    "lintian",
    "debconf",
    "dbus",
    "systemd",
    "systemd-container",
];

/// For the installer for Windows.
pub const MSI: &[&str] = &["wixl", "msitools", "osslsigncode", "openssl"];

/// To use the installer's wizard on a virtual display, and to take pictures of it.
pub const WIZARD: &[&str] = &["xdotool", "maim", "fonts-liberation"];

/// For a virtual desktop with real applications, a browser to look at it, and ffmpeg to look into
/// exported videos.
pub const DESKTOP: &[&str] = &[
    "xvfb",
    "openbox",
    "xterm",
    "mousepad",
    "chromium",
    "xdotool",
    "x11-xserver-utils",
    "x11-utils",
    "dbus",
    "fonts-dejavu-core",
    "ffmpeg",
];

/// For a computer on which the agent is put by SSH.
pub const SSH_PEER: &[&str] = &["openssh-server", "openssh-client", "sudo", "passwd"];

/// For a directory on ports of its own: the server, of which no service is made, and what changes it.
pub const DIRECTORY: &[&str] = &["slapd", "ldap-utils"];

/// For a Windows computer's file sharing, on which the agent is put by SMB.
pub const SMB_PEER: &[&str] = &["samba", "samba-vfs-modules"];

/// For the mail server that the daily mail goes to in the tests.
pub const MAIL_PEER: &[&str] = &["python3-aiosmtpd"];

/// For the recordings that the codec is measured on: further applications, what they show, and the
/// encoders that the codec is compared with.
pub const CODEC_BENCH: &[&str] = &[
    "libreoffice-calc",
    "libreoffice-gtk3",
    "pcmanfm",
    "vim",
    "procps",
    "mpv",
    "tint2",
    "ffmpeg",
    "fonts-liberation",
    "adwaita-icon-theme",
    "debian-handbook",
    "mate-backgrounds",
];

/// Installs the directory's server without a directory of this computer: the tests bring their own.
pub fn install_directory() -> Result<()> {
    if DIRECTORY.iter().all(|name| is_installed(name)) {
        return Ok(());
    }
    let mut answers = Command::new("debconf-set-selections")
        .stdin(Stdio::piped())
        .spawn()
        .context("failed to start debconf-set-selections")?;
    if let Some(input) = answers.stdin.take() {
        let mut input = input;
        input.write_all(b"slapd slapd/no_configuration boolean true\n")?;
    }
    anyhow::ensure!(
        answers.wait()?.success(),
        "debconf-set-selections did not take the answer for slapd"
    );
    install(DIRECTORY)
}

/// Installs those that are missing.
pub fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<_> = packages
        .iter()
        .copied()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing Debian packages: {}", missing.join(" "));
    apt_get(&["update", "-q"])?;
    let arguments = ["install", "-q", "-y", "--no-install-recommends"];
    apt_get(&[&arguments[..], &missing].concat()).with_context(|| {
        format!(
            "install these by hand, then try again: {}",
            missing.join(" ")
        )
    })
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"install ok installed")
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    Command::new("apt-get")
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .run()
}
