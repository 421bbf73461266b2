//! The message to the user of a session: its window, and the record of what became of it.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use eidetic_capture::{Capture, Screen as _, linux::X11Screen};
use eidetic_testkit::VirtualDisplay;
use serde_json::{Value, json};

use crate::{
    api::Api,
    stack::{Agent, Server, fresh_folder},
    until::until,
};

/// The message comes with the session, in a window that shows something. A click on its button
/// closes it and is on the record. Another recorder does not show it again, another text is shown.
pub fn acknowledged_and_not_shown_again() -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let api = server.sign_in()?;
    notify(&api, TEXT, 600)?;
    let mut display = VirtualDisplay::start(1280, 800)?;
    display.start_window_manager()?;
    let agent = Agent::start(folder.path(), &server, display.name())?;

    let window = wait_for_window(&display)?;
    let place = place_of(&display, &window)?;
    let centre = (place.x + place.width / 2, place.y + place.height / 2);
    ensure!(
        centre.0.abs_diff(640) < 60 && centre.1.abs_diff(400) < 60,
        "the window is not in the middle: {centre:?}"
    );
    let colours = colours_of(&display, &place)?;
    ensure!(
        colours > 20,
        "the window has {colours} colours: no text in it"
    );
    click(&display, &window, (place.width / 2, place.height - 40))?;
    let record = notified(&api, "Monitoring message acknowledged", 1)?;
    ensure!(
        record["details"].to_string().contains(TEXT) && record["action"] == "User notified",
        "the record does not say what was shown: {record}"
    );
    ensure!(
        find_window(&display)?.is_none(),
        "the window is still there"
    );

    let before = recorder_of(&agent)?;
    let kill = rustix::process::kill_process(
        rustix::process::Pid::from_raw(before).context("no process")?,
        rustix::process::Signal::KILL,
    );
    kill.context("failed to end the recorder")?;
    until("there is another recorder", PATIENCE, || {
        Ok(recorder_of(&agent).ok().filter(|now| *now != before))
    })?;
    // It tells of the gap once the display is open: the message would have come by then.
    until("the gap is on the record", PATIENCE, || {
        Ok((!api.search("Recorder restarted")?.is_empty()).then_some(()))
    })?;
    notify(&api, OTHER_TEXT, 600)?;
    let window = wait_for_window(&display)?;
    ensure!(
        api.search("User notified")?.len() == 1,
        "the first message was shown again"
    );
    until("a key closes the window", PATIENCE, || {
        xdotool(&display, &["key", "--window", &window, "Return"])?;
        Ok(find_window(&display)?.is_none().then_some(()))
    })?;
    let record = notified(&api, "Monitoring message acknowledged", 2)?;
    ensure!(
        record["details"].to_string().contains(OTHER_TEXT),
        "the newest record is not of the newest message: {record}"
    );
    agent.stop();
    println!("the message was shown, acknowledged by mouse and by key, and recorded");
    Ok(())
}

/// Without an answer the window closes, and that is on the record; without a window manager, too.
pub fn closes_by_itself() -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let api = server.sign_in()?;
    notify(&api, TEXT, 5)?;
    let display = VirtualDisplay::start(1024, 768)?;
    let _agent = Agent::start(folder.path(), &server, display.name())?;
    wait_for_window(&display)?;
    notified(&api, "Monitoring message closed after its time", 1)?;
    ensure!(
        find_window(&display)?.is_none(),
        "the window is still there"
    );
    println!("the message closed by itself, and that was recorded");
    Ok(())
}

fn notify(api: &Api, text: &str, closes_after_secs: u32) -> Result<()> {
    api.change_default_plan(&json!({
        "notify_users": true,
        "notify_text": text,
        "notify_closes_after_secs": closes_after_secs,
    }))
}

/// Waits for so many records with these words, and gives the newest.
fn notified(api: &Api, what: &str, count: usize) -> Result<Value> {
    until(what, PATIENCE, || {
        let records = api.search(what)?;
        Ok(if records.len() == count {
            records.into_iter().next()
        } else {
            None
        })
    })
}

fn wait_for_window(display: &VirtualDisplay) -> Result<String> {
    until("the message is shown", PATIENCE, || find_window(display))
}

fn find_window(display: &VirtualDisplay) -> Result<Option<String>> {
    let found = xdotool(display, &["search", "--onlyvisible", "--class", "Eidetic"])?;
    Ok(found.lines().next().map(str::to_owned))
}

struct Place {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

fn place_of(display: &VirtualDisplay, window: &str) -> Result<Place> {
    let said = xdotool(display, &["getwindowgeometry", "--shell", window])?;
    let value = |name: &str| {
        let mut lines = said.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let value = value.and_then(|value| value.parse().ok());
        value.with_context(|| format!("xdotool does not tell {name}: {said}"))
    };
    Ok(Place {
        x: value("X")?,
        y: value("Y")?,
        width: value("WIDTH")?,
        height: value("HEIGHT")?,
    })
}

/// How many colours the screen has there.
fn colours_of(display: &VirtualDisplay, place: &Place) -> Result<usize> {
    let mut screen = X11Screen::open(display.name())?;
    until("the screen is fetched", PATIENCE, || {
        let Capture::Frame(frame) = screen.next(Duration::from_secs(1))? else {
            return Ok(None);
        };
        let rows = frame.pixels.chunks_exact(frame.stride);
        let rows = rows.skip(place.y as usize).take(place.height as usize);
        let pixels = rows.flat_map(|row| {
            let pixels = row.chunks_exact(4).skip(place.x as usize);
            pixels.take(place.width as usize)
        });
        let colours: BTreeSet<&[u8]> = pixels.map(|pixel| &pixel[..3]).collect();
        Ok(Some(colours.len()))
    })
}

fn click(display: &VirtualDisplay, window: &str, (x, y): (u32, u32)) -> Result<()> {
    let (x, y) = (x.to_string(), y.to_string());
    xdotool(
        display,
        &["mousemove", "--window", window, &x, &y, "click", "1"],
    )
    .map(drop)
}

pub(super) fn xdotool(display: &VirtualDisplay, words: &[&str]) -> Result<String> {
    let output = display
        .command("xdotool")
        .args(words)
        .stdout(std::process::Stdio::piped())
        .output()
        .context("failed to start xdotool")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The process of the agent's recorder.
fn recorder_of(agent: &Agent) -> Result<i32> {
    let service = i32::try_from(agent.process_id())?;
    let mut processes = procfs::process::all_processes()?.filter_map(Result::ok);
    let recorder = processes.find(|process| process.stat().is_ok_and(|stat| stat.ppid == service));
    Ok(recorder.context("the agent has no recorder")?.pid)
}

const TEXT: &str = "This computer is monitored for the rehearsal. 記録 Καταγραφή";

const OTHER_TEXT: &str = "Another message, of a plan that was changed";

const PATIENCE: Duration = Duration::from_secs(60);
