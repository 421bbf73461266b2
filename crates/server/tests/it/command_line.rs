//! The command line as an operator meets it.

use std::fs;

use eidetic_wire::EnrolmentTicket;
use tempfile::TempDir;

use crate::process::Process;

#[test]
fn the_first_start_prints_a_one_time_password_and_no_later_one_does() {
    let folder = TempDir::new().unwrap();
    let first = Process::start(folder.path()).stop();
    assert!(first.status.success());
    let output = String::from_utf8(first.stdout).unwrap();
    let log = String::from_utf8(first.stderr).unwrap();
    let password = output
        .lines()
        .find(|line| line.contains("administrator"))
        .and_then(|line| line.split_whitespace().last())
        .unwrap();
    assert!(password.len() >= 20, "{output}");
    assert!(!log.contains(password), "the log is kept, the password not");
    assert!(log.contains("server stopped"), "{log}");
    assert!(!folder.path().join("run/endpoints.json").exists());

    let second = Process::start(folder.path()).stop();
    let output = String::from_utf8(second.stdout).unwrap();
    assert!(!output.contains("administrator"), "{output}");
}

#[test]
fn tokens_and_passwords_are_made_beside_a_running_server() {
    let folder = TempDir::new().unwrap();
    let running = Process::start(folder.path());
    let token = Process::said(&["token"], folder.path());
    assert!(token.parse::<EnrolmentTicket>().is_ok(), "{token}");
    let password = Process::said(&["reset-password"], folder.path());
    assert!(password.trim().len() >= 20);

    let unknown = ["reset-password", "--user", "nobody"];
    let (status, _, error) = Process::run(&unknown, folder.path());
    assert!(!status.success());
    assert_eq!(error, "error: there is no user \"nobody\"\n");

    let (status, _, error) = Process::run(&["run"], folder.path());
    assert!(!status.success());
    assert!(
        error.starts_with("error: another server is running on"),
        "{error}"
    );
    running.kill();
}

#[test]
fn a_wrong_configuration_is_refused_by_the_keys_name() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("server.toml");
    let refused = |text: &str| {
        fs::write(&file, text).unwrap();
        let arguments = ["run", "--config", file.to_str().unwrap()];
        let (status, _, error) = Process::run(&arguments, &folder.path().join("data"));
        assert_eq!(status.code(), Some(1), "{error}");
        error
    };
    let unknown = refused("agent_listen = \"127.0.0.1:9004\"");
    assert!(
        unknown.contains("unknown field `agent_listen`"),
        "{unknown}"
    );
    assert!(unknown.contains("server.toml"), "{unknown}");
    let address = refused("agents_listen = \"9004\"");
    assert!(address.contains("agents_listen is \"9004\""), "{address}");
    let certificate =
        refused("[certificate]\nchain = \"/nowhere/chain.pem\"\nkey = \"/nowhere/key.pem\"");
    assert!(certificate.contains("/nowhere/chain.pem"), "{certificate}");
}
