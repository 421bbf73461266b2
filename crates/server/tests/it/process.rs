//! The real binary on a data folder.

use std::{
    fs,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use eidetic_testkit::eventually;

/// A server that runs. It is killed when this is dropped.
pub struct Process {
    child: Child,
    /// Where agents connect to.
    pub agents: String,
}

impl Process {
    /// Starts `run` and waits until it serves.
    pub fn start(folder: &Path) -> Self {
        let _earlier = fs::remove_file(folder.join("run/endpoints.json"));
        let child = command(&["run", "--agents-listen", "127.0.0.1:0"], folder)
            .args(["--console-listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let agents = eventually("the server tells where it is", || {
            let text = fs::read(folder.join("run/endpoints.json")).ok()?;
            let endpoints: serde_json::Value = serde_json::from_slice(&text).ok()?;
            Some(endpoints["agents"].as_str()?.to_owned())
        });
        Self { child, agents }
    }

    /// Kills it without warning.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to leave, and returns what it said.
    pub fn stop(mut self) -> Output {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.unwrap().success());
        let status = eventually("the server leaves", || self.child.try_wait().unwrap());
        Output {
            status,
            stdout: read(self.child.stdout.take()),
            stderr: read(self.child.stderr.take()),
        }
    }

    /// Runs a command on this folder to its end.
    pub fn run(arguments: &[&str], folder: &Path) -> (ExitStatus, String, String) {
        let output = command(arguments, folder).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status, text(output.stdout), text(output.stderr))
    }

    /// What a command that succeeds says on standard output.
    pub fn said(arguments: &[&str], folder: &Path) -> String {
        let (status, output, error) = Self::run(arguments, folder);
        assert!(status.success(), "{error}");
        output
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}

fn command(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eidetic-server"));
    command
        .args(arguments)
        .arg("--data-folder")
        .arg(folder)
        .env_remove("EIDETIC_LOG");
    command
}

fn read(stream: Option<impl std::io::Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}
