//! Only the listed application's windows are to be seen in the recording.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use eidetic_testkit::VirtualDisplay;
use serde_json::json;

use super::message::xdotool;
use crate::{
    api::Api,
    recording,
    stack::{Agent, Server, fresh_folder},
    until::{pause, until},
};

/// Two applications, each in a colour of its own, are moved across each other on a coloured
/// desktop. Every frame that comes out of the decoder has the listed one's colour, but never that
/// of the other or of the desktop.
pub fn recorded() -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let api = server.sign_in()?;
    api.change_default_plan(&json!({
        "applications": {
            "only_listed": true,
            "listed": [{"title": "Listed*"}],
            "only_their_windows": true,
        },
        "quality": "lossless",
        "max_frames_per_second": 30,
        "max_cpu_percent": 100,
    }))?;
    let mut display = VirtualDisplay::start(800, 600)?;
    let ground = display
        .command("xsetroot")
        .args(["-solid", "#c000c0"])
        .status();
    ensure!(ground.context("failed to start xsetroot")?.success());
    display.start_window_manager()?;
    let other = coloured_window(&mut display, "Other", "#00c000", "40x12+20+20")?;
    let listed = coloured_window(&mut display, "Listed", "#0000c0", "40x12+300+250")?;
    // Over a terminal the pointer has that one's colour, also for a moment after: out of the way.
    xdotool(&display, &["mousemove", "790", "590"])?;
    let agent = Agent::start(folder.path(), &server, display.name())?;
    // Until it has heard of its plan, an agent records by the default one.
    until("the plan is in force", PATIENCE, || {
        let plans = api.get("/plans")?;
        let applied = plans["plans"].as_array().and_then(|plans| plans.last());
        Ok(applied
            .is_some_and(|it| it["state"]["applied"] == 1)
            .then_some(()))
    })?;
    xdotool(&display, &["windowactivate", &other])?;
    // With the other one in front nothing is recorded: what is, is done with.
    pause(Duration::from_secs(2));
    let before = segments(&api)?;
    xdotool(&display, &["windowactivate", &listed])?;
    until("the listed window is recorded", PATIENCE, || {
        Ok(colours_of(&api, &before)?.contains(&LISTED).then_some(()))
    })?;
    // The window manager raises what is activated only: the other one goes over the listed one.
    xdotool(&display, &["windowraise", &other])?;
    for step in 0..60 {
        let (x, y) = (20 + step * 8, 20 + step * 6);
        xdotool(
            &display,
            &["windowmove", &other, &x.to_string(), &y.to_string()],
        )?;
        pause(Duration::from_millis(30));
    }
    for step in 0..40 {
        let (x, y) = (300 - step * 6, 250 - step * 5);
        xdotool(
            &display,
            &["windowmove", &listed, &x.to_string(), &y.to_string()],
        )?;
        pause(Duration::from_millis(30));
    }
    xdotool(&display, &["windowunmap", &other])?;
    pause(Duration::from_secs(1));
    agent.stop();

    let colours = colours_of(&api, &before)?;
    for (colour, whose) in [(OTHER, "the other window"), (GROUND, "the desktop")] {
        ensure!(
            !colours.contains(&colour),
            "a pixel of {whose} was recorded"
        );
    }
    ensure!(colours.contains(&LISTED) && colours.contains(&[0, 0, 0]));
    let frames = frames_of(&api, &before)?;
    ensure!(frames > 10, "only {frames} frames were recorded");
    println!("of {frames} frames none has a pixel of a window that is not listed");
    Ok(())
}

/// A window full of one colour: a terminal without a word in it.
fn coloured_window(
    display: &mut VirtualDisplay,
    title: &str,
    colour: &str,
    geometry: &str,
) -> Result<String> {
    display.spawn(
        "xterm",
        [
            "-T",
            title,
            "-geometry",
            geometry,
            "-bg",
            colour,
            "-fg",
            colour,
            "-cr",
            colour,
            "+sb",
            "-e",
            "sleep",
            "1000",
        ],
    )?;
    until("a window is there", PATIENCE, || {
        let found = xdotool(display, &["search", "--onlyvisible", "--name", title])?;
        Ok(found.lines().next().map(str::to_owned))
    })
}

/// All colours of all frames that were recorded: blue, green, red.
fn colours_of(api: &Api, but: &BTreeSet<String>) -> Result<BTreeSet<[u8; 3]>> {
    let mut colours = BTreeSet::new();
    each_frame(api, but, |pixels| {
        colours.extend(pixels.chunks_exact(4).map(|it| [it[0], it[1], it[2]]));
    })?;
    Ok(colours)
}

fn frames_of(api: &Api, but: &BTreeSet<String>) -> Result<u64> {
    let mut frames = 0;
    each_frame(api, but, |_| frames += 1)?;
    Ok(frames)
}

/// The ids of all segments.
fn segments(api: &Api) -> Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    let page = api.get("/sessions")?;
    for session in page["sessions"].as_array().context("no sessions")? {
        let id = session["id"].as_str().context("a session without id")?;
        let detail = api.get(&format!("/sessions/{id}"))?;
        for segment in detail["segments"].as_array().context("no segments")? {
            let id = segment["id"].as_str().context("a segment without id")?;
            ids.insert(id.to_owned());
        }
    }
    Ok(ids)
}

/// Plays all segments but these. One that is still written to is played as far as it goes.
fn each_frame(api: &Api, but: &BTreeSet<String>, mut see: impl FnMut(&[u8])) -> Result<()> {
    for id in segments(api)?.difference(but) {
        let bytes = api.bytes(&format!("/segments/{id}/data"))?;
        let _not_whole_yet = recording::play(&bytes, |_, _, pixels| {
            see(pixels);
            Ok(())
        });
    }
    Ok(())
}

const LISTED: [u8; 3] = [0xc0, 0, 0];

const OTHER: [u8; 3] = [0, 0xc0, 0];

const GROUND: [u8; 3] = [0xc0, 0, 0xc0];

const PATIENCE: Duration = Duration::from_secs(60);
