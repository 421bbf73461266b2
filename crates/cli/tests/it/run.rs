//! Runs `eidetic`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A fresh folder to run in.
pub struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program with these arguments, separated by spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eidetic"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it with `input` on standard input.
    pub fn run(&self, arguments: &str, input: &[u8]) -> Output {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // It may stop reading early, which is its own business.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        output
    }

    /// Runs it, expects success and gives what it wrote.
    pub fn succeed(&self, arguments: &str, input: &[u8]) -> Vec<u8> {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{}", error_text(&output));
        assert_eq!(error_text(&output), "");
        output.stdout
    }

    /// Runs it, expects exit code 1 and gives what it wrote and what it said.
    pub fn fail(&self, arguments: &str, input: &[u8]) -> (Vec<u8>, String) {
        let output = self.run(arguments, input);
        assert_eq!(output.status.code(), Some(1), "{}", error_text(&output));
        let text = error_text(&output);
        (output.stdout, text)
    }
}

pub fn error_text(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
