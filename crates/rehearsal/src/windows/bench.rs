//! What the agent costs under Wine, beside the agent on Linux on the same desktop.
//!
//! Both record the same program of Windows, whose window stands still and then is written into. An
//! indication, no more: Wine is not Windows, and what it does to copy a screen is not what Windows
//! does.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use procfs::process::Process;

use super::{
    fixture::{Place, Window},
    wine::{Succeeds as _, Wine},
};
use crate::{
    bench::{Cost, Report},
    desktop::Desktop,
    stack::{Agent, Server, fresh_folder},
    until::{pause, until},
};

/// What is measured. The environment says which Wine prefix it uses.
#[derive(Args)]
pub struct Arguments {
    /// The agent's program for Windows.
    #[arg(long)]
    agent: PathBuf,
    /// The program with windows of known colours.
    #[arg(long)]
    fixture: PathBuf,
    /// Seconds for each of the measured situations.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// Measures both and prints it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let measured = Duration::from_secs(arguments.seconds);
    let desktop = Desktop::start()?;
    let wine = Wine::start(&arguments.agent, desktop.name())?;
    let mut report = Report::default();

    let folder = fresh_folder()?;
    let server = Server::start(folder.path(), 0)?;
    let agent = Agent::start(folder.path(), &server, desktop.name())?;
    let service = agent.process_id();
    both(&wine, arguments, |situation| {
        let cost = Cost::over(service, measured)?;
        report.cost(&format!("Linux, {situation}"), &cost);
        Ok(())
    })?;
    agent.stop();

    wine.agent(&["enrol", "--server", &server.endpoints().agents])
        .env("EIDETIC_TOKEN", server.enrolment_token()?)
        .succeeds("enrolling")?;
    wine.agent(&["service", "install"])
        .succeeds("installing the service")?;
    until("a recorder runs", START_LIMIT, || Ok(wine.recorder().ok()))?;
    both(&wine, arguments, |situation| {
        let cost = Cost::of(|| agent_under(&wine), measured)?;
        report.cost(&format!("Wine, {situation}"), &cost);
        let kernel = Cost::of(|| Ok(vec![process(wine.server()?)?]), measured)?;
        let percent = kernel.cpu * 100.0;
        report.line(
            &format!("Wine's own server, {situation}"),
            &format!("{percent:.2} % of a core, for all programs"),
        );
        Ok(())
    })?;
    report.print();
    Ok(())
}

/// The two situations: a window that stands still, and one that is written into.
fn both(
    wine: &Wine,
    arguments: &Arguments,
    mut measure: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let show = || {
        Window::show(
            wine,
            &arguments.fixture,
            WHITE,
            PLACE,
            "A report.txt – Editor",
        )
    };
    let window = show()?;
    pause(SETTLE);
    measure("still screen")?;
    drop(window);
    let writer = Writer::begin(show()?)?;
    pause(SETTLE);
    measure("text being written")?;
    let words = writer.stop()?;
    ensure!(words > 0, "nothing was written");
    Ok(())
}

/// Somebody who writes, until told to stop.
struct Writer {
    leave: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

impl Writer {
    /// Begins to write into the window: three words a second, and another title now and then.
    fn begin(mut window: Window) -> Result<Self> {
        let leave = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&leave);
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                let mut words = 0_u64;
                while !told.load(Ordering::Relaxed) {
                    let word = WORDS[usize::try_from(words)? % WORDS.len()];
                    window.write(word)?;
                    words += 1;
                    if words.is_multiple_of(WORDS_FOR_EACH_TITLE) {
                        window.rename(&format!("A report.txt, {words} words – Editor"))?;
                    }
                    pause(Duration::from_millis(330));
                }
                Ok(words)
            })?;
        Ok(Self { leave, thread })
    }

    /// How many words were written.
    fn stop(self) -> Result<u64> {
        self.leave.store(true, Ordering::Relaxed);
        let written = self.thread.join();
        written.ok().context("who writes has failed")?
    }
}

/// The agent's processes, which are nobody's children.
fn agent_under(wine: &Wine) -> Result<Vec<Process>> {
    Ok(vec![process(wine.service()?)?, process(wine.recorder()?)?])
}

fn process(id: rustix::process::Pid) -> Result<Process> {
    Ok(Process::new(id.as_raw_nonzero().get())?)
}

const PLACE: Place = Place {
    left: 200,
    top: 120,
    width: 1200,
    height: 800,
};

const WHITE: u32 = 0x00ff_ffff;

const WORDS: [&str; 12] = [
    "the",
    "quarterly",
    "figures",
    "were",
    "sent",
    "to",
    "all",
    "who",
    "asked",
    "for",
    "them,",
    "twice",
];

const WORDS_FOR_EACH_TITLE: u64 = 40;

/// How long a situation is let settle before it is measured.
const SETTLE: Duration = Duration::from_secs(10);

/// Wine starts slowly on a computer that has much to do.
const START_LIMIT: Duration = Duration::from_secs(90);
