//! The recorder's process: orders come in from the service, reports leave to it.

use std::{
    io::{Read, Write},
    sync::Arc,
    thread,
};

use anyhow::Context as _;
use eidetic_capture::{
    CaptureError, Notice, NoticeWatcher, Screen,
    blackout::{Judge, OnlyWindows},
};
use eidetic_runtime::{RandomIds, SystemClock};
use tracing::{error, info, warn};

use super::{
    output::Pipe,
    recorder::{Parts, Recorder},
    threads::{Shared, ThreadEnd},
};
use crate::{
    channel::{Order, read_blocking},
    os,
};

/// How a recorder ended, as its exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The service asked for it, or is gone.
    Asked,
    /// The display went away or could not be opened.
    DisplayGone,
    /// The display lacks what is needed.
    Unsupported,
    /// Anything else.
    Failed,
}

impl Ending {
    const ALL: [Self; 4] = [
        Self::Asked,
        Self::DisplayGone,
        Self::Unsupported,
        Self::Failed,
    ];

    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Asked => 0,
            Self::Failed => 1,
            Self::DisplayGone => 3,
            Self::Unsupported => 4,
        }
    }

    /// What an exit code says; a signal has none.
    pub(crate) fn from_code(code: Option<i32>) -> Self {
        Self::ALL
            .into_iter()
            .find(|ending| Some(i32::from(ending.code())) == code)
            .unwrap_or(Self::Failed)
    }
}

/// Records until the service says stop or is gone, or the display is gone.
pub(crate) fn run(arguments: &os::RecordArguments) -> Ending {
    match record(arguments) {
        Ok(ending) => ending,
        Err(error) => {
            error!("recorder failed: {error:#}");
            Ending::Failed
        }
    }
}

/// What ends a recorder or changes what it does.
enum Event {
    Order(Order),
    ServiceGone,
    ThreadEnded(ThreadEnd),
}

fn record(arguments: &os::RecordArguments) -> anyhow::Result<Ending> {
    os::restrict_recorder().context("failed to give up rights")?;
    abort_on_panic();
    let (mut input, output) = os::service_channel(arguments)?;
    let Some(Order::Begin(assignment)) = next_order(&mut input)? else {
        anyhow::bail!("the recorder is started by the service, not by hand");
    };
    let display = assignment.session.display_name.clone();
    let user_id = assignment.user_id;
    let mut desktop = match os::open_desktop(&display, user_id) {
        Ok(desktop) => desktop,
        Err(error) => return Ok(ending_of(&error)),
    };
    let shared = Arc::new(Shared::new(Recorder::new(*assignment, parts(output))));
    shared.tell(Recorder::ready)?;
    // Full only if the threads end faster than the loop below reads: they wait then.
    let (events, inbox) = crossbeam_channel::bounded(8);

    let sender = events.clone();
    spawn("orders", move || read_orders(&mut input, &sender))?;
    let (sender, sharer) = (events.clone(), Arc::clone(&shared));
    let screen_display = display.clone();
    spawn("screen", move || {
        let end = sharer.run_screen(|judge| open_screen(&screen_display, user_id, judge));
        let _process_ends = sender.send(Event::ThreadEnded(end));
    })?;
    let (sender, sharer) = (events.clone(), Arc::clone(&shared));
    spawn("notices", move || {
        let show = |notice: &Notice, watcher: &mut dyn NoticeWatcher| {
            os::show_notice(&display, notice, watcher)
        };
        let end = sharer.run_notices(show);
        let _process_ends = sender.send(Event::ThreadEnded(end));
    })?;
    let (sender, sharer) = (events, Arc::clone(&shared));
    spawn("desktop", move || {
        let end = sharer.run_desktop(&mut *desktop);
        let _process_ends = sender.send(Event::ThreadEnded(end));
    })?;

    let ending = loop {
        match inbox.recv().context("all threads are gone")? {
            Event::Order(Order::Policy(policy)) => shared.tell(|it| it.set_policy(policy))?,
            Event::Order(Order::PauseScreen) => shared.tell(Recorder::pause_screen),
            Event::Order(Order::ResumeScreen) => shared.tell(Recorder::resume_screen),
            Event::Order(Order::DiskIsLow(is_low)) => shared.tell(|it| it.disk_is_low(is_low))?,
            Event::Order(Order::Begin(_)) => anyhow::bail!("a second session was assigned"),
            Event::Order(Order::Stop) => break Ending::Asked,
            Event::ServiceGone | Event::ThreadEnded(ThreadEnd::Service(_)) => {
                info!("service is gone, recording ends");
                return Ok(Ending::Asked);
            }
            Event::ThreadEnded(ThreadEnd::Capture(error)) => break ending_of(&error),
            Event::ThreadEnded(ThreadEnd::Finished) => {}
        }
    };
    shared.tell(Recorder::finish)?;
    Ok(ending)
}

/// The screen; or, of it, only the windows that are judged so.
fn open_screen(
    display: &str,
    user_id: u32,
    judge: Option<Judge>,
) -> Result<Box<dyn Screen>, CaptureError> {
    let screen = os::open_screen(display)?;
    let Some(judge) = judge else {
        return Ok(screen);
    };
    let windows = os::open_window_map(display, user_id, judge)?;
    Ok(Box::new(OnlyWindows::new(
        screen,
        windows,
        Arc::new(SystemClock),
    )))
}

fn parts(output: impl Write + Send + 'static) -> Parts {
    Parts {
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        cpu_time: Box::new(os::cpu_time),
        reports: Box::new(Pipe(output)),
    }
}

fn read_orders(input: &mut impl Read, events: &crossbeam_channel::Sender<Event>) {
    loop {
        let event = match next_order(input) {
            Ok(Some(order)) => Event::Order(order),
            Ok(None) => Event::ServiceGone,
            Err(error) => {
                warn!("order cannot be read: {error:#}");
                Event::ServiceGone
            }
        };
        let last = matches!(event, Event::ServiceGone);
        if events.send(event).is_err() || last {
            return;
        }
    }
}

fn next_order(input: &mut impl Read) -> anyhow::Result<Option<Order>> {
    let message = read_blocking(input)?;
    Ok(message.map(Order::decode).transpose()?)
}

fn ending_of(error: &CaptureError) -> Ending {
    match error {
        CaptureError::Gone { .. } => {
            info!(%error, "display is not available");
            Ending::DisplayGone
        }
        CaptureError::Unsupported { .. } => {
            error!(%error, "display cannot be recorded");
            Ending::Unsupported
        }
        CaptureError::Failed { .. } => {
            warn!(%error, "capture keeps failing");
            Ending::DisplayGone
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .with_context(|| format!("failed to start the {name} thread"))?;
    Ok(())
}

/// A recorder with a thread missing would look alive: the service starts a new one instead.
fn abort_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
}
