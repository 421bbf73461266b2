//! The real program, in a folder of its own.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use eidetic_testkit::eventually;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// An agent's folder, and its service while it runs.
pub struct Agent {
    folder: TempDir,
    service: Option<Child>,
}

impl Agent {
    /// An agent that was never enrolled and does not run.
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            service: None,
        }
    }

    /// An agent that is enrolled.
    pub fn enrolled(address: &str, token: &str) -> Self {
        let agent = Self::new();
        let output = agent.enrol(address, token);
        assert!(output.status.success(), "{output:?}");
        agent
    }

    /// Runs `enrol`.
    pub fn enrol(&self, address: &str, token: &str) -> Output {
        self.command("enrol")
            .args(["--server", address, "--token", token])
            .output()
            .unwrap()
    }

    /// Runs `enrol --token -` with the token on its standard input.
    pub fn enrol_by_input(&self, address: &str, token: &str) -> Output {
        let mut enrolment = self
            .command("enrol")
            .args(["--server", address, "--token", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = enrolment.stdin.take().unwrap();
        writeln!(input, "{token}").unwrap();
        enrolment.wait_with_output().unwrap()
    }

    /// Runs `setup` as an installer does. Gives what it says.
    pub fn set_up(&self, address: &str, token: &str) -> String {
        let mut set_up = self
            .command("setup")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (host, port) = address.rsplit_once(':').unwrap();
        let mut input = set_up.stdin.take().unwrap();
        write!(input, "{host}\n{port}\n{token}\n").unwrap();
        drop(input);
        let output = set_up.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether an installer's token waits to be redeemed.
    pub fn has_token(&self) -> bool {
        self.state_folder().join("secrets/enrolment.key").exists()
    }

    /// Runs `enrol` with the token in its environment, or without one.
    pub fn enrol_by_environment(&self, address: &str, token: Option<&str>) -> Output {
        let mut command = self.command("enrol");
        command.args(["--server", address]).stdin(Stdio::null());
        command.envs(token.map(|token| ("EIDETIC_TOKEN", token)));
        command.output().unwrap()
    }

    /// Runs `enrol --replace`.
    pub fn enrol_again(&self, address: &str, token: &str) -> Output {
        self.command("enrol")
            .args(["--server", address, "--token", token, "--replace"])
            .output()
            .unwrap()
    }

    /// Starts the service on this display.
    pub fn run(&mut self, display: &str) {
        let mut command = self.command("run");
        command.args(["--display", display, "--control-port", "0"]);
        self.start(command);
    }

    /// Starts the service on this display, with this port for calls of the server.
    pub fn run_with_port(&mut self, display: &str, port: u16) {
        let mut command = self.command("run");
        command
            .args(["--display", display, "--control-port"])
            .arg(port.to_string());
        self.start(command);
    }

    /// Starts the service on this display, with metrics in this file.
    pub fn run_with_metrics(&mut self, display: &str, file: &std::path::Path) {
        let mut command = self.command("run");
        command.args(["--display", display, "--metrics-file"]);
        command.arg(file);
        self.start(command);
    }

    /// Starts the service for the sessions of the logind on this bus.
    pub fn run_with_logind(&mut self, bus: &str) {
        let mut command = self.command("run");
        command.args(["--control-port", "0"]);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        self.start(command);
    }

    /// Starts the service on this display as a container does: with a server and a token.
    pub fn run_and_enrol(&mut self, display: &str, address: &str, token: &str) {
        let mut command = self.command("run");
        command
            .args(["--display", display, "--server", address])
            .args(["--control-port", "0"])
            .env("EIDETIC_TOKEN", token);
        self.start(command);
    }

    fn start(&mut self, mut command: Command) {
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.log_path())
            .unwrap();
        let service = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.service = Some(service);
    }

    /// What the service has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// What `status` prints.
    pub fn status(&self) -> String {
        let output = self.command("status").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `check --json` with further options, on the system bus at this address if one is given.
    pub fn check(&self, options: &[&str], bus: Option<&str>) -> Output {
        let mut command = self.command("check");
        command.arg("--json").args(options);
        if let Some(bus) = bus {
            command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        }
        command.output().unwrap()
    }

    /// What `check --exclusions` prints.
    pub fn exclusions(&self) -> String {
        let output = self.command("check").arg("--exclusions").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// The process of its one recorder, once there is one other than `before`.
    pub fn recorder(&self, before: Option<Pid>) -> Pid {
        let service = self.service.as_ref().unwrap().id();
        let children = format!("/proc/{service}/task");
        eventually("there is a recorder", || {
            let threads = fs::read_dir(&children).ok()?;
            let found = threads.filter_map(|thread| {
                let text = fs::read_to_string(thread.ok()?.path().join("children")).ok()?;
                // The service also starts programs that look at the computer.
                let is_recorder = |child: &&str| {
                    let arguments = fs::read(format!("/proc/{child}/cmdline"));
                    arguments.is_ok_and(|arguments| {
                        arguments.split(|byte| *byte == 0).nth(1) == Some(b"record")
                    })
                };
                let child = text.split_whitespace().find(is_recorder)?;
                Pid::from_raw(child.parse().ok()?)
            });
            found.into_iter().find(|child| Some(*child) != before)
        })
    }

    /// Ends the service as the system does. How it ended.
    pub fn stop(&mut self) -> ExitStatus {
        let mut service = self.service.take().unwrap();
        let process = Pid::from_child(&service);
        kill_process(process, Signal::TERM).unwrap();
        eventually("the service ends in time", || service.try_wait().unwrap())
    }

    /// Ends the service as a power loss would.
    pub fn kill(&mut self) {
        let mut service = self.service.take().unwrap();
        service.kill().unwrap();
        service.wait().unwrap();
    }

    /// Whether the service runs.
    pub fn is_running(&mut self) -> bool {
        let service = self.service.as_mut().unwrap();
        service.try_wait().unwrap().is_none()
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eidetic-agent"));
        command
            .arg(verb)
            .arg("--state-folder")
            .arg(self.state_folder())
            .env_remove("EIDETIC_TOKEN")
            .env_remove("EIDETIC_LOG");
        command
    }

    pub fn state_folder(&self) -> PathBuf {
        self.path().join("state")
    }

    fn log_path(&self) -> PathBuf {
        self.path().join("agent.log")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(service) = &mut self.service {
            let _gone_already = service.kill();
            let _status = service.wait();
        }
        if std::thread::panicking() {
            println!("the agent's log:\n{}", self.log());
        }
    }
}
