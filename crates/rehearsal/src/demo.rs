//! The demo: a desktop with real applications, an agent on it, a server, and the console's
//! address.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;

use crate::{
    check,
    desktop::{Desktop, Person, WANTED_TITLE},
    export,
    stack::{Agent, Server, fresh_folder},
};

/// What the demo is asked to do.
#[derive(Args)]
pub struct Arguments {
    /// Records this existing X display instead of a virtual one.
    #[arg(long)]
    display: Option<String>,
    /// Ends after this many seconds, and checks what was recorded.
    #[arg(long = "for")]
    for_secs: Option<u64>,
    /// The console's port.
    #[arg(long, default_value_t = 9443)]
    port: u16,
}

/// Runs the demo.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), arguments.port)?;
    let person = match &arguments.display {
        Some(_) => None,
        None => Some(virtual_desktop(folder.path())?),
    };
    let display = arguments
        .display
        .as_deref()
        .or_else(|| person.as_ref().map(Person::display))
        .context("no display")?;
    let agent = Agent::start(folder.path(), &server, display)?;

    println!("recording display {display}");
    println!("console:            {}", server.endpoints().console);
    println!("user:               administrator");
    println!("one-time password:  {}", server.password);
    println!("(the browser will warn: the server made its certificate itself)");
    match arguments.for_secs {
        None => {
            println!("Ctrl-C ends it and removes what was recorded");
            wait_for_interrupt(None)
        }
        Some(seconds) => {
            wait_for_interrupt(Some(Duration::from_secs(seconds)))?;
            agent.stop();
            let actions = person.map_or(0, Person::stop);
            let title = arguments.display.is_none().then_some(WANTED_TITLE);
            let api = server.sign_in()?;
            let found = check::searchable_and_playable(&api, title)?;
            if let Some(title) = title {
                export::exportable(&api, &server, &found.session, title)?;
            }
            println!(
                "ok: {actions} actions, {} records ({} found by title), {} frames decoded from {} bytes covering {} s",
                found.records, found.hits, found.frames, found.segment_bytes, found.seconds
            );
            Ok(())
        }
    }
}

fn virtual_desktop(folder: &std::path::Path) -> Result<Person> {
    Desktop::start()?.use_it(folder)
}

/// Waits for Ctrl-C or SIGTERM, or for the time to be over.
fn wait_for_interrupt(limit: Option<Duration>) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.spawn(async move {
        let requested = eidetic_runtime::Shutdown::requested_by_system().await;
        let _nobody_waits = sender.send(requested);
    });
    let requested = match limit {
        None => receiver.recv().map_err(RecvTimeoutError::from),
        Some(limit) => receiver.recv_timeout(limit),
    };
    match requested {
        Ok(result) => Ok(result?),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(()),
    }
}
