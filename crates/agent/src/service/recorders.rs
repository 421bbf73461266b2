//! Runs the recorder processes.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use eidetic_capture::{LoginSession, LoginSessionId};
use eidetic_runtime::Task;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    sync::mpsc,
    time::{sleep, timeout},
};
use tracing::{error, warn};

use super::{
    core::Recorders,
    event::{Event, RecorderRun},
    usage::RecorderNumbers,
};
use crate::{
    channel::{Assignment, Order, Report, read_async, write_async},
    os,
    recorder::Ending,
};

/// Recorders as children of this process: the same program, with another command.
pub(super) struct RecorderProcesses {
    program: PathBuf,
    runtime: Handle,
    events: mpsc::Sender<Event>,
    notices: os::SessionNotices,
    numbers: RecorderNumbers,
    running: HashMap<RecorderRun, Running>,
    restarts: HashMap<LoginSessionId, Task<()>>,
}

struct Running {
    /// Full only if the recorder does not read its orders: then they are closed, which ends it.
    orders: Option<mpsc::Sender<Order>>,
    _task: Task<()>,
}

impl RecorderProcesses {
    /// Starts `program` for each recorder; what becomes of them goes to `events`, what they are told
    /// of their sessions to `notices`. Their processes are in `numbers` while they run.
    pub(super) fn new(
        program: PathBuf,
        runtime: Handle,
        events: mpsc::Sender<Event>,
        notices: os::SessionNotices,
        numbers: RecorderNumbers,
    ) -> Self {
        Self {
            program,
            runtime,
            events,
            notices,
            numbers,
            running: HashMap::new(),
            restarts: HashMap::new(),
        }
    }
}

impl Recorders for RecorderProcesses {
    fn start(&mut self, run: RecorderRun, login: &LoginSession, assignment: Assignment) {
        self.restarts.remove(&login.id);
        let (orders, inbox) = mpsc::channel(ORDERS_UNDER_WAY);
        let process = RecorderProcess {
            run,
            program: self.program.clone(),
            login: login.clone(),
            events: self.events.clone(),
            notices: self.notices.clone(),
            numbers: self.numbers.clone(),
        };
        let _runtime = self.runtime.enter();
        let task = Task::spawn("recorder", process.run(assignment, inbox));
        let running = Running {
            orders: Some(orders),
            _task: task,
        };
        self.running.insert(run, running);
    }

    fn order(&mut self, run: RecorderRun, order: Order) {
        let Some(running) = self.running.get_mut(&run) else {
            return;
        };
        let Some(orders) = &running.orders else {
            return;
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = orders.try_send(order) {
            warn!("recorder does not read its orders and is ended");
            running.orders = None;
        }
    }

    fn forget(&mut self, run: RecorderRun) {
        self.running.remove(&run);
    }

    fn restart_later(&mut self, session: &LoginSessionId, after: Duration) {
        let events = self.events.clone();
        let id = session.clone();
        let _runtime = self.runtime.enter();
        let task = Task::spawn("recorder restart", async move {
            sleep(after).await;
            let _service_is_leaving = events.send(Event::RestartDue(id)).await;
        });
        self.restarts.insert(session.clone(), task);
    }
}

struct RecorderProcess {
    run: RecorderRun,
    program: PathBuf,
    login: LoginSession,
    events: mpsc::Sender<Event>,
    notices: os::SessionNotices,
    numbers: RecorderNumbers,
}

impl RecorderProcess {
    async fn run(self, assignment: Assignment, orders: mpsc::Receiver<Order>) {
        let ending = match self.supervise(assignment, orders).await {
            Ok(status) => Ending::from_code(status),
            Err(error) => {
                error!("recorder cannot be run: {error:#}");
                Ending::Failed
            }
        };
        let _service_is_leaving = self
            .events
            .send(Event::RecorderEnded(self.run, ending))
            .await;
    }

    async fn supervise(
        &self,
        assignment: Assignment,
        mut orders: mpsc::Receiver<Order>,
    ) -> anyhow::Result<Option<i32>> {
        let mut child = os::start_recorder(&self.program, &self.login).await?;
        let _counted = child.number().map(|number| self.numbers.count(number));
        let (mut stdin, mut stdout) = child.channel()?;
        let begin = Order::Begin(Box::new(assignment)).encode();
        // One that does not read it is found silent, and killed.
        match timeout(STOP_LIMIT, write_async(&mut stdin, &begin)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "recorder does not take its assignment"),
            Err(_) => warn!("recorder does not read its assignment"),
        }
        tokio::select! {
            () = self.read_reports(&mut stdout) => {}
            () = give_orders(stdin, &mut orders) => {
                warn!(process = child.number(), "recorder does not end and is killed");
                kill(&mut child).await;
            }
        }
        match timeout(STOP_LIMIT, child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                warn!(
                    process = child.number(),
                    "recorder has nothing to say and is killed"
                );
                kill(&mut child).await;
                child.wait().await
            }
        }
    }

    /// Passes on what the recorder reports, until it has nothing more to say.
    async fn read_reports(&self, stdout: &mut (impl AsyncRead + Unpin)) {
        loop {
            let report = match read_async(stdout).await {
                Ok(Some(message)) => Report::decode(message),
                Ok(None) => return,
                Err(error) => {
                    // What a recorder that was killed was about to say.
                    warn!(%error, "recorder broke off");
                    return;
                }
            };
            match report {
                Ok(Report::SessionNoticed { code }) => {
                    self.notices.told_a_recorder(&self.login.id, code);
                }
                Ok(report) => {
                    let event = Event::Report(self.run, report);
                    if self.events.send(event).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    error!(%error, "recorder makes no sense and is ended");
                    return;
                }
            }
        }
    }
}

/// Passes on orders. Returns some time after the recorder was told to stop, if it still runs.
async fn give_orders(mut stdin: impl AsyncWrite + Unpin, orders: &mut mpsc::Receiver<Order>) {
    loop {
        let order = orders.recv().await;
        let last = matches!(order, None | Some(Order::Stop));
        if let Some(order) = order {
            match timeout(STOP_LIMIT, write_async(&mut stdin, &order.encode())).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    // It is ending by itself: its output says so too.
                    warn!(%error, "recorder takes no orders any more");
                    drop(stdin);
                    return sleep(STOP_LIMIT).await;
                }
                Err(_) => return warn!("recorder does not read its orders"),
            }
        }
        if last {
            drop(stdin);
            return sleep(STOP_LIMIT).await;
        }
    }
}

async fn kill(child: &mut os::RecorderChild) {
    if let Err(error) = child.kill().await {
        warn!("recorder cannot be killed: {error:#}");
    }
}

/// How long a recorder may take to write what it has.
const STOP_LIMIT: Duration = Duration::from_secs(3);

const ORDERS_UNDER_WAY: usize = 16;
