//! The service, tried out. What must be true is looked for where a person would look: in the
//! server's API.

use std::{env, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Args;
use eidetic_model::{Clock as _, Timestamp};
use eidetic_runtime::SystemClock;
use serde_json::{Value, json};

use super::{
    fixture::{Place, Window, tell_recorders},
    wine::{self, Succeeds as _, Wine},
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
    api.change_default_plan(&json!({"idle_after_secs": IDLE_AFTER.as_secs()}))?;
    let display = env::var("DISPLAY").context("DISPLAY names no display")?;
    let wine = Wine::start(&arguments.agent, &display)?;

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
        &wine,
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

    for (code, what) in [(7, "Lock"), (8, "Unlock")] {
        tell_recorders(&wine, &arguments.fixture, code)?;
        until(what, LONG, || Ok(happened(&api, what)?.first().map(drop)))?;
    }
    said("what the recorder is told of its session is recorded");

    let before = wine.recorder()?;
    wine::kill(before)?;
    until("another recorder runs", LONG, || {
        Ok(wine.recorder().ok().filter(|now| *now != before))
    })?;
    found(&api, "Recorder restarted")?;
    window.rename("After the recorder died")?;
    found(&api, "After the recorder died")?;
    said("a recorder that is killed is started again, and the gap is told");

    let idle = server.while_stopped(|_| {
        window.rename("While the server was away")?;
        wine.move_mouse(PLACE.middle())?;
        let from = SystemClock.wall();
        pause(IDLE_AFTER + Duration::from_secs(2));
        window.rename("Still away")?;
        wine.move_mouse((PLACE.left + 8, PLACE.top + 8))?;
        Ok((from, SystemClock.wall()))
    })?;
    api = server.sign_in()?;
    found(&api, "While the server was away")?;
    found(&api, "Still away")?;
    said("what happened while the server was away comes later");
    until("the time without input is told", LONG, || {
        Ok(was_idle(&api, &record, idle)?.then_some(()))
    })?;
    said("the time without input is recorded from the last one to the next");

    wine::kill(wine.service()?)?;
    until("the recorder ends without its service", LONG, || {
        Ok(wine.recorder().is_err().then_some(()))
    })?;
    drop(window);
    wine.lose_power()?;
    let _window = Window::show(
        &wine,
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

/// The records that something happened to a session.
fn happened(api: &Api, what: &str) -> Result<Vec<Value>> {
    let mut records = api.search(what)?;
    records.retain(|record| record["what"] == what);
    Ok(records)
}

/// Whether the record's session has a stretch without input that is this one, as exactly as the
/// time of the mouse's move is known here.
fn was_idle(api: &Api, record: &Value, (from, until): (Timestamp, Timestamp)) -> Result<bool> {
    let session = record["session_id"].as_str().context("no session")?;
    let detail = api.get(&format!("/sessions/{session}"))?;
    let stretches = detail["idle"].as_array().context("no idle")?;
    let is_near = |value: &Value, time: Timestamp| {
        let told = value.as_i64().unwrap_or_default();
        told.abs_diff(time.as_unix_micros()) < u64::from(TOLERANCE_MICROS)
    };
    Ok(stretches
        .iter()
        .any(|it| is_near(&it["from_us"], from) && is_near(&it["until_us"], until)))
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

/// After so long without input nobody is there: the shortest that a policy allows.
const IDLE_AFTER: Duration = Duration::from_secs(10);

/// From the mouse's move to its time here much can pass on a busy computer.
const TOLERANCE_MICROS: u32 = 5_000_000;

/// Wine starts slowly on a computer that has much to do.
const LONG: Duration = Duration::from_secs(90);
