//! The agent on Windows, under Wine: installed as a service, with a server on this computer and a
//! program whose windows have known colours and titles. What must be true is looked for where a
//! person would look: in the server's API.

mod fixture;
mod wine;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;

use self::{
    fixture::{Place, Window},
    wine::Wine,
};
use crate::{
    api::Api,
    recording,
    stack::{Server, fresh_folder},
    until::{pause, until},
};

/// What is rehearsed. The environment says which Wine prefix and which display it uses.
#[derive(Args)]
pub struct Arguments {
    /// The agent's program for Windows.
    #[arg(long)]
    agent: PathBuf,
    /// The program with windows of known colours.
    #[arg(long)]
    fixture: PathBuf,
}

/// Rehearses it all. Fails at the first thing that is not so.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let mut api = server.sign_in()?;
    let wine = Wine::start(&arguments.agent)?;

    wine.agent(&["enrol", "--server", &server.endpoints().agents])
        .env("EIDETIC_TOKEN", server.enrolment_token()?)
        .succeeds("enrolling")?;
    wine.agent(&["service", "install"])
        .succeeds("installing the service")?;
    let start = found(&api, "Monitoring start")?;
    until("the screen is recorded", LONG, || {
        let shown = is_shown(&api, &start)?;
        ensure!(
            !shown.contains(&true),
            "the window is seen before it is there"
        );
        Ok((!shown.is_empty()).then_some(()))
    })?;
    said("the service is installed, and the computer enrolled and recorded");

    let mut window = Window::show(
        &arguments.fixture,
        GREEN,
        PLACE,
        "Quarterly figures – Übersicht",
    )?;
    let record = found(&api, "Quarterly figures – Übersicht")?;
    is_right(&record)?;
    window.rename("Payroll of November")?;
    found(&api, "Payroll of November")?;
    said("windows, titles and programs are recorded");

    until("the window is seen in the recording", LONG, || {
        Ok(is_shown(&api, &record)?.contains(&true).then_some(()))
    })?;
    said("the window is seen in the recording in its colour");

    let before = wine.recorder()?;
    wine::kill(before)?;
    until("another recorder runs", LONG, || {
        Ok(wine.recorder().ok().filter(|now| *now != before))
    })?;
    found(&api, "Recorder restarted")?;
    window.rename("After the recorder died")?;
    found(&api, "After the recorder died")?;
    said("a recorder that is killed is started again, and the gap is told");

    server.while_stopped(|_| {
        window.rename("While the server was away")?;
        pause(Duration::from_secs(3));
        window.rename("Still away")?;
        pause(Duration::from_secs(3));
        Ok(())
    })?;
    api = server.sign_in()?;
    found(&api, "While the server was away")?;
    found(&api, "Still away")?;
    said("what happened while the server was away comes later");

    wine::kill(wine.service()?)?;
    until("the recorder ends without its service", LONG, || {
        Ok(wine.recorder().is_err().then_some(()))
    })?;
    drop(window);
    wine.lose_power()?;
    let _window = Window::show(
        &arguments.fixture,
        GREEN,
        PLACE,
        "After the power came back",
    )?;
    let after = found(&api, "After the power came back")?;
    found(&api, "Shutdown")?;
    ensure!(
        after["session_id"] != record["session_id"],
        "the session went on as if nothing had happened"
    );
    found(&api, "Payroll of November")?;
    said("what was recorded before the service was killed is there, and the session's late end");

    wine.agent(&["service", "uninstall"])
        .succeeds("removing the service")?;
    until("no recorder runs any more", LONG, || {
        Ok(wine.recorder().is_err().then_some(()))
    })?;
    said("the service is removed and its recorder has ended");
    Ok(())
}

/// The newest record with this text, once there is one.
fn found(api: &Api, text: &str) -> Result<Value> {
    until(&format!("{text:?} can be found"), LONG, || {
        Ok(api.search(text)?.into_iter().next())
    })
}

/// Whether the record of the program's window says what is so.
fn is_right(record: &Value) -> Result<()> {
    let application = &record["application"];
    let path = application["path"].as_str().unwrap_or_default();
    ensure!(record["action"] == "Activated", "{record}");
    ensure!(record["object_type"] == "Window", "{record}");
    ensure!(
        application["description"] == "Fixture of the tests",
        "{record}"
    );
    ensure!(path.ends_with("fixture.exe"), "{record}");
    let who = record["who"].as_str().unwrap_or_default();
    ensure!(
        who.split_once('\\')
            .is_some_and(|(_, user)| !user.is_empty()),
        "{record}"
    );
    Ok(())
}

/// For each frame of the record's session, whether it shows the window in its colour.
fn is_shown(api: &Api, record: &Value) -> Result<Vec<bool>> {
    let session = record["session_id"].as_str().context("no session")?;
    let detail = api.get(&format!("/sessions/{session}"))?;
    let segments = detail["segments"].as_array().context("no segments")?;
    let mut shown = Vec::new();
    for segment in segments {
        let id = segment["id"].as_str().context("a segment without id")?;
        let bytes = api.bytes(&format!("/segments/{id}/data"))?;
        // One that grows may not have a frame yet.
        let _frames = recording::play(&bytes, |size, _, pixels| {
            shown.push(PLACE.is_filled(GREEN, size.width(), pixels));
            Ok(())
        });
    }
    Ok(shown)
}

trait Succeeds {
    /// Runs it, and fails if it does.
    fn succeeds(&mut self, what: &str) -> Result<()>;
}

impl Succeeds for std::process::Command {
    fn succeeds(&mut self, what: &str) -> Result<()> {
        let status = self
            .status()
            .with_context(|| format!("failed to start {self:?}"))?;
        ensure!(status.success(), "{what} ended with {status}");
        Ok(())
    }
}

fn said(what: &str) {
    println!("ok: {what}");
}

const GREEN: u32 = 0x0055_aa00;

const PLACE: Place = Place {
    left: 320,
    top: 160,
    width: 256,
    height: 192,
};

/// Wine starts slowly on a computer that has much to do.
const LONG: Duration = Duration::from_secs(90);
