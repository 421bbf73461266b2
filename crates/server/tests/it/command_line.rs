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

#[test]
fn check_finds_what_is_unmet_beside_a_running_server_and_without_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let checked = |options: &[&str]| -> (Option<i32>, serde_json::Value) {
        let arguments = [&["check", "--json"], options].concat();
        let (status, output, error) = Process::run(&arguments, folder.path());
        let report = serde_json::from_str(&output).unwrap_or_else(|_| panic!("{output}{error}"));
        (status.code(), report)
    };
    let found = |report: &serde_json::Value, id: &str| {
        let checks = report["checks"].as_array().unwrap();
        let one = checks.iter().find(|one| one["id"] == id).unwrap();
        let text = |field: &str| one[field].as_str().unwrap().to_owned();
        (text("verdict"), text("found"))
    };
    let running = Process::start(folder.path());
    let (code, report) = checked(&[]);
    assert_eq!(code, Some(1));
    for good in ["data-folder", "server-certificate", "console-certificate"] {
        assert_eq!(found(&report, good).0, "met", "{good}");
    }
    // It runs, and only for this computer: the tests' servers do.
    let (verdict, words) = found(&report, "server-port");
    assert_eq!(verdict, "unmet");
    assert!(words.contains("only this computer reaches"), "{words}");

    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    let (_, report) = checked(&[]);
    assert_eq!(found(&report, "data-folder").0, "unmet");
    running.kill();

    // Expired, as a copy of a server's folder from long ago is.
    let mut params = rcgen::CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(1990, 1, 1);
    params.not_after = rcgen::date_time_ymd(1991, 1, 1);
    let expired = params.self_signed(&rcgen::KeyPair::generate().unwrap());
    let expired = expired.unwrap().pem();
    fs::write(folder.path().join("pki/console.pem"), expired).unwrap();
    let (_, report) = checked(&["--fix"]);
    assert_eq!(found(&report, "data-folder").0, "met");
    let (verdict, words) = found(&report, "console-certificate");
    assert_eq!(verdict, "unmet");
    assert!(words.contains("expired at"), "{words}");
    let adjustments = report["adjustments"].as_array().unwrap();
    let folder_mended = adjustments.iter().find(|done| done["id"] == "data-folder");
    let before = folder_mended.unwrap()["before"].as_str().unwrap();
    assert!(before.contains("its mode is 0755"), "{before}");
}

#[test]
fn check_says_2_if_it_cannot_check() {
    let folder = TempDir::new().unwrap();
    let arguments = ["check", "--config", "/nowhere/server.toml"];
    let (status, _, error) = Process::run(&arguments, folder.path());
    assert_eq!(status.code(), Some(2), "{error}");
    assert!(error.contains("/nowhere/server.toml"), "{error}");
}
