//! The browser tests, against recordings made for them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use eidetic_testkit::{DirectoryCertificate, PrivateDirectory};
use serde_json::Value;

use crate::{
    api::Api,
    desktop::{Desktop, TITLES, TwoMonitors, WANTED_TITLE},
    export, plans,
    stack::{Agent, Server, fresh_folder},
    until::until,
};

/// Starts a server with two computers, a busy one and a quiet one with two monitors, and a server
/// that nobody has used; waits for what the tests look for and runs the tests in this folder with
/// Node's runner. Recording goes on during them, so that there are running sessions to watch.
pub fn run(tests: &Path) -> Result<()> {
    let files = test_files(tests)?;
    let folder = fresh_folder()?;
    let second_folder = folder.path().join("second");
    fs::create_dir_all(&second_folder)?;

    let mut server = Server::start(folder.path(), 0)?;
    let unused = Server::start(&second_folder, 0)?;
    let person = Desktop::start()?.use_it(folder.path())?;
    let monitors = TwoMonitors::start()?;
    let directory = PrivateDirectory::start_with(DirectoryCertificate::Good, &MANAGED_PASSWORD)?;
    let agents = [
        Agent::start(folder.path(), &server, person.display())?,
        Agent::start(&second_folder, &server, monitors.display())?,
    ];

    let api = server.sign_in()?;
    recorded(&api, monitors.display(), Duration::ZERO)?;
    monitors.show_titles()?;
    for title in TITLES.iter().filter(|title| !title.is_empty()) {
        found(&api, title, 1)?;
    }
    found(&api, WANTED_TITLE, 2)?;
    recorded(&api, person.display(), Duration::from_secs(20))?;

    exported(&api, &server)?;
    plans::kept_in_a_file(&api, &server)?;

    let status = Command::new("node")
        .arg("--test")
        .arg("--test-concurrency=1")
        .args(&files)
        .env("EIDETIC_CONSOLE", &server.endpoints().console)
        .env("EIDETIC_PASSWORD", &server.password)
        .env("EIDETIC_UNUSED_CONSOLE", &unused.endpoints().console)
        .env("EIDETIC_UNUSED_PASSWORD", &unused.password)
        .env("EIDETIC_WANTED_TITLE", WANTED_TITLE)
        .env("EIDETIC_DIRECTORY_READER", PrivateDirectory::READER)
        .env("EIDETIC_DIRECTORY_PASSWORD", PrivateDirectory::PASSWORD)
        .env(
            "EIDETIC_DIRECTORY_LDAPS",
            directory.ldaps_port().to_string(),
        )
        .env(
            "EIDETIC_DIRECTORY_STARTTLS",
            directory.starttls_port().to_string(),
        )
        .env("EIDETIC_TITLES", serde_json::to_string(TITLES)?)
        .env("EIDETIC_BUSY_DISPLAY", person.display())
        .env("EIDETIC_QUIET_DISPLAY", monitors.display())
        .status()
        .context("failed to start node")?;
    drop(agents);
    if !status.success() {
        bail!("the browser tests ended with {status}");
    }
    Ok(())
}

/// Exports the session in which the wanted title was shown.
fn exported(api: &Api, server: &Server) -> Result<()> {
    let records = api.search(WANTED_TITLE)?;
    let session = records
        .iter()
        .find_map(|record| record["session_id"].as_str())
        .context("a record without session")?;
    let [mp4, webm] = export::exportable(api, server, session, WANTED_TITLE)?;
    println!("exported a session to {mp4} bytes of MP4 and {webm} bytes of WebM");
    Ok(())
}

/// Waits until so many records with this title point to a moment of the recording.
fn found(api: &Api, title: &str, count: usize) -> Result<()> {
    until("the titles can be searched for", PATIENCE, || {
        let records = api.search(title)?;
        let shown = records.iter().filter(|record| record["moment"].is_object());
        Ok((shown.count() >= count).then_some(()))
    })
}

/// Waits until a display has been recorded for so long.
fn recorded(api: &Api, display: &str, length: Duration) -> Result<()> {
    until("the display is recorded", PATIENCE, || {
        let page = api.get("/sessions?limit=10")?;
        let sessions = page["sessions"].as_array().context("no sessions")?;
        let long_enough = sessions.iter().any(|session| {
            session["display_name"] == display
                && session["has_video"] == true
                && micros(session, "last_known_us") - micros(session, "start_us")
                    >= length.as_micros().try_into().unwrap_or(i64::MAX)
        });
        Ok(long_enough.then_some(()))
    })
}

fn micros(session: &Value, name: &str) -> i64 {
    session[name].as_i64().unwrap_or_default()
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("failed to read {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("no tests in {}", folder.display());
    }
    Ok(files)
}

/// `msDS-ManagedPassword` of the directory's managed account: "Ab" now, "Z" before, to be asked for
/// again in two hours.
const MANAGED_PASSWORD: [u8; 48] = [
    1, 0, 0, 0, 48, 0, 0, 0, 16, 0, 22, 0, 32, 0, 40, 0, b'A', 0, b'b', 0, 0, 0, b'Z', 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0xd0, 0x88, 0xc3, 0x10, 0, 0, 0, 0, 0x68, 0xc4, 0x61, 0x08, 0, 0, 0,
];

const PATIENCE: Duration = Duration::from_secs(90);
