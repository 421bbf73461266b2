//! A real mail server: aiosmtpd, as Debian has it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A mail server that runs until this is dropped.
pub struct MailServer {
    child: Child,
    input: Option<ChildStdin>,
    told: Receiver<Value>,
    port: u16,
    certificate: String,
    _folder: TempDir,
}

impl MailServer {
    /// One that wants the connection to be encrypted like this (`none`, `start_tls`, `tls`), and
    /// does what else is wished.
    pub fn start(security: &str, mut wishes: Value) -> Self {
        let folder = TempDir::new().unwrap();
        let mut certificate = String::new();
        wishes["security"] = json!(security);
        if security != "none" {
            let names = vec!["localhost".to_owned()];
            let made = rcgen::generate_simple_self_signed(names).unwrap();
            certificate = made.cert.pem();
            let key = made.signing_key.serialize_pem();
            for (name, content) in [("certificate", &certificate), ("key", &key)] {
                let path = folder.path().join(name);
                fs::write(&path, content).unwrap();
                wishes[name] = json!(path);
            }
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mail/peer.py");
        // Debian's own, which has Debian's packages.
        let mut child = Command::new("/usr/bin/python3")
            .args([script, &wishes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, told) = channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                let line = serde_json::from_str(&line.unwrap()).unwrap();
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        let listening: Value = told
            .recv_timeout(Duration::from_secs(60))
            .expect("the mail server listens; it needs Debian's python3-aiosmtpd");
        Self {
            child,
            input,
            port: u16::try_from(listening["port"].as_u64().unwrap()).unwrap(),
            told,
            certificate,
            _folder: folder,
        }
    }

    /// Settings with which mail goes to it.
    pub fn settings(&self, security: &str) -> Value {
        json!({
            "host": "localhost",
            "port": self.port,
            "security": security,
            "sender": "Eidetic <eidetic@example.com>",
            "recipients": ["anna@example.com"],
            "trusted_certificates": self.certificate,
            "console_url": "https://eidetic.example.com:9443",
        })
    }

    /// The next mail that it took.
    pub fn taken(&self) -> Value {
        self.told.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// Asserts that it took no further one.
    pub fn took_nothing(&self) {
        assert!(self.told.try_recv().is_err());
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.input.take();
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
