//! Rules of Windows' firewall that let this program, and no other, speak with its server.

use std::{
    env,
    ffi::OsString,
    os::windows::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

/// Has the firewall let this program connect to the server's port, and be connected to at its own.
pub(super) fn allow(program: &Path, server_port: u16) -> anyhow::Result<()> {
    for rule in rules(server_port) {
        // Else there would be one more each time.
        let _there_was_none = rule.delete();
        rule.add(program)?;
    }
    Ok(())
}

/// Takes the rules back.
pub(super) fn forget() {
    for rule in rules(0) {
        let _there_was_none = rule.delete();
    }
}

struct Rule {
    name: &'static str,
    direction: &'static str,
    port: String,
}

fn rules(server_port: u16) -> [Rule; 2] {
    [
        Rule {
            name: "Eidetic Agent (TCP-In)",
            direction: "in",
            port: format!("localport={OWN_PORT}"),
        },
        Rule {
            name: "Eidetic Agent (TCP-Out)",
            direction: "out",
            port: format!("remoteport={server_port}"),
        },
    ]
}

impl Rule {
    fn add(&self, program: &Path) -> anyhow::Result<()> {
        let mut arguments: Vec<OsString> = ["add", "rule"].map(Into::into).into();
        arguments.extend([
            format!("name={}", self.name).into(),
            format!("dir={}", self.direction).into(),
            "action=allow".into(),
            "protocol=TCP".into(),
            self.port.clone().into(),
            "profile=any".into(),
        ]);
        let mut path = OsString::from("program=");
        path.push(program);
        arguments.push(path);
        netsh(&arguments).with_context(|| format!("failed to add the rule {:?}", self.name))
    }

    fn delete(&self) -> anyhow::Result<()> {
        let name = format!("name={}", self.name);
        netsh(&["delete".into(), "rule".into(), name.into()])
    }
}

fn netsh(arguments: &[OsString]) -> anyhow::Result<()> {
    let windows = env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let program = PathBuf::from(windows).join(r"System32\netsh.exe");
    let output = Command::new(program)
        .args(["advfirewall", "firewall"])
        .args(arguments)
        .creation_flags(CREATE_NO_WINDOW)
        .stdin(Stdio::null())
        .output()
        .context("failed to run netsh")?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{}", told.trim());
    Ok(())
}

/// Where the server will connect to, if it ever has to.
const OWN_PORT: u16 = 9003;

const CREATE_NO_WINDOW: u32 = 0x0800_0000;
