//! What recording, searching and seeking cost on this machine.

mod cost;
mod hour;
mod latency;
mod records;
mod report;
mod seek;

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use clap::Args;

pub use self::{cost::Cost, report::Report};

use self::report::Kept;
use crate::{
    desktop::{Desktop, WANTED_TITLE},
    stack::{Agent, Server, fresh_folder},
    until::pause,
};

/// What is measured, and for how long.
#[derive(Args)]
pub struct Arguments {
    /// Seconds for each of the measured situations.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// The script that seeks in a browser.
    #[arg(long)]
    seek_script: PathBuf,
}

/// How long a situation is let settle before it is measured.
const SETTLE: Duration = Duration::from_secs(10);

/// Measures everything and prints it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let measured = Duration::from_secs(arguments.seconds);
    let mut report = Report::default();
    static_screen(measured, &mut report)?;
    busy_screen(measured, &arguments.seek_script, &mut report)?;
    report.print();
    Ok(())
}

/// A desktop on which nothing happens; then one window changes its title now and then.
fn static_screen(measured: Duration, report: &mut Report) -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let mut desktop = Desktop::start()?;
    desktop.display().spawn("xterm", ["+bc"])?;
    let agent = Agent::start(folder.path(), &server, desktop.name())?;
    pause(SETTLE);
    let cost = Cost::over(agent.process_id(), measured)?;
    report.cost("static screen", &cost);
    let latencies = latency::event_to_hit(&server.sign_in()?, desktop.name())?;
    report.latencies("event to search hit", latencies);
    Ok(())
}

/// The demo's desktop, with somebody who uses it.
fn busy_screen(
    measured: Duration,
    seek_script: &std::path::Path,
    report: &mut Report,
) -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let person = Desktop::start()?.use_it(folder.path())?;
    let agent = Agent::start(folder.path(), &server, person.display())?;
    let api = server.sign_in()?;
    pause(SETTLE);
    let before = Kept::of(&api)?;
    let cost = Cost::over(agent.process_id(), measured)?;
    let after = Kept::of(&api)?;
    let bytes_each = records::bytes_each(&api, &after.session, folder.path())?;
    report.cost("demo's activity", &cost);
    report.kept(measured, &before, &after, bytes_each);
    let actions = person.stop();
    agent.stop();
    report.line("actions of the scripted person", &actions.to_string());
    let segments = hour::segments_of(&api, WANTED_TITLE)?;
    let session = hour::add_session(&mut server, &api, &segments)?;
    seek::measure(seek_script, &server, &after.session, &session, report)
}
