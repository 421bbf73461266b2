//! One attached agent: the thin shell of I/O around its link.

use std::{
    collections::VecDeque, future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration,
};

use eidetic_model::{AgentId, ComputerFacts, Timestamp};
use eidetic_runtime::ShutdownSignal;
use eidetic_store::control::{Agent, AgentState};
use eidetic_wire::{
    convert::Hello,
    proto::{self, refused},
    server_link::{Ending, Input, Output, Refusal, ServerLink, Windows},
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tonic::{Status, Streaming};
use tracing::{info, warn};

use super::{
    attachments::Place,
    ingest::{Ingest, Job, Jobs},
};
use crate::{
    components::{AgentStatus, Change, Components, Connection},
    plans::PlanBook,
};

/// What an attachment is made of.
pub struct Attaching {
    /// The server's components.
    pub components: Components,
    /// The agent's place: it is attached once.
    pub place: Place,
    /// The agent.
    pub agent: Agent,
    /// Where it connects from.
    pub address: SocketAddr,
    /// What it may have under way.
    pub windows: Windows,
    /// What it sends.
    pub messages: Streaming<proto::FromAgent>,
    /// What it is sent.
    pub replies: Replies,
    /// When to leave.
    pub shutdown: ShutdownSignal,
}

/// Where messages to the agent go.
pub type Replies = mpsc::Sender<Result<proto::ToAgent, Status>>;

/// A channel to the agent. Full: the attachment keeps what it has to say and takes nothing new in
/// until it is said.
pub fn reply_channel() -> (Replies, mpsc::Receiver<Result<proto::ToAgent, Status>>) {
    mpsc::channel(16)
}

impl Attaching {
    /// Serves the agent until it leaves, misbehaves, is replaced, or the server shuts down.
    pub async fn run(self) {
        let agent = self.agent.id;
        let number = self.place.number;
        let components = self.components.clone();
        // What the connection before was storing is stored when it is this one's turn.
        let Ok(_turn) = timeout(TURN_LIMIT, self.place.turn()).await else {
            warn!(%agent, "the agent's connection before does not end");
            return;
        };
        let connection = Connection {
            number,
            since: components.clock.wall(),
            address: self.address.to_string(),
            status: None,
        };
        components.connected.insert(agent, connection);
        components.news.tell(Change::Agent(agent));
        info!(%agent, address = %self.address, "agent attached");
        let (ending, _place) = Attachment::new(self).run().await;
        components.connected.remove(agent, number);
        components.news.tell(Change::Agent(agent));
        match ending {
            Ending::Refused(refusal) => {
                warn!(%agent, reason = refusal.message, "agent's connection ended by the server");
            }
            ending => info!(%agent, ?ending, "agent detached"),
        }
    }
}

struct Attachment {
    components: Components,
    place: Place,
    agent: Agent,
    messages: Streaming<proto::FromAgent>,
    replies: Replies,
    shutdown: ShutdownSignal,
    plans: watch::Receiver<Arc<PlanBook>>,
    check_requests: broadcast::Receiver<AgentId>,
    address: SocketAddr,
    /// How the computer is known on the network; nothing before Hello.
    facts: ComputerFacts,
    link: ServerLink,
    outbox: VecDeque<proto::ToAgent>,
    jobs: Jobs,
    worker: Worker,
}

/// The one who stores. It works on one job at a time.
enum Worker {
    Idle(Box<Ingest>),
    Busy(Pin<Box<dyn Future<Output = (Box<Ingest>, Input)> + Send>>),
}

/// What can wake an attachment.
enum Event {
    Message(Result<Option<proto::FromAgent>, Status>),
    /// The outbox's first message can be sent.
    Room,
    Stored(Input),
    PlansChanged,
    CheckAsked,
    ContactDue,
    LinkTimeout,
    Replaced,
    Shutdown,
    Gone,
}

impl Attachment {
    fn new(attaching: Attaching) -> Self {
        let components = attaching.components;
        let now = components.clock.monotonic();
        let ingest = Ingest::new(components.clone(), attaching.agent.clone());
        Self {
            plans: components.plans.subscribe(),
            check_requests: components.check_requests.subscribe(),
            address: attaching.address,
            facts: ComputerFacts::default(),
            components,
            place: attaching.place,
            agent: attaching.agent,
            messages: attaching.messages,
            replies: attaching.replies,
            shutdown: attaching.shutdown,
            link: ServerLink::new(now, attaching.windows),
            outbox: VecDeque::new(),
            jobs: Jobs::default(),
            worker: Worker::Idle(Box::new(ingest)),
        }
    }

    async fn run(mut self) -> (Ending, Place) {
        let mut contact = interval(CONTACT_INTERVAL);
        contact.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ending = loop {
            if let Some(ending) = self.take_outputs() {
                break ending;
            }
            self.start_next_job();
            let event = self.next_event(&mut contact).await;
            self.on_event(event).await;
        };
        self.leave().await;
        (ending, self.place)
    }

    /// Does what the link wants done. Returns why it ended, once it has.
    fn take_outputs(&mut self) -> Option<Ending> {
        while let Some(output) = self.link.poll_output() {
            match output {
                Output::Send(message) => self.outbox.push_back(message),
                Output::Open(hello) => {
                    self.facts = known_as(&hello, self.address);
                    self.jobs.push(Job::Open(hello, self.facts.clone()));
                }
                Output::StoreEntries(entries) => self.jobs.push(Job::Entries(entries)),
                Output::AppendSegment(chunk) => self.jobs.push(Job::Append(chunk)),
                Output::EndSegment(end) => self.jobs.push(Job::End(end)),
                Output::QuerySegment(id) => self.jobs.push(Job::Query(id)),
                Output::StoreChecks(report) => self.jobs.push(Job::Checks(report)),
                Output::Status(status) => self.on_status(&status),
                Output::Close(ending) => return Some(ending),
            }
        }
        None
    }

    fn start_next_job(&mut self) {
        let Worker::Idle(_) = self.worker else {
            return;
        };
        let Some(job) = self.jobs.next() else {
            return;
        };
        let nothing = Box::pin(std::future::pending());
        if let Worker::Idle(mut ingest) = std::mem::replace(&mut self.worker, Worker::Busy(nothing))
        {
            self.worker = Worker::Busy(Box::pin(async move {
                let input = ingest.run(job).await;
                (ingest, input)
            }));
        }
    }

    /// Waits for what happens next.
    ///
    /// # Cancel safety
    ///
    /// Everything it waits for can be waited for again; a job goes on where it was.
    async fn next_event(&mut self, contact: &mut tokio::time::Interval) -> Event {
        let wait = self.link.poll_timeout().map_or(Duration::MAX, |timeout| {
            timeout.saturating_sub(self.components.clock.monotonic())
        });
        // INVARIANT: nothing is taken in while more than this waits, so neither queue grows.
        let has_room = self.jobs.len() < MAX_WAITING
            && self.jobs.bytes() < MAX_WAITING_BYTES
            && self.outbox.len() < MAX_WAITING;
        tokio::select! {
            message = self.messages.message(), if has_room => Event::Message(message),
            permit = self.replies.reserve(), if !self.outbox.is_empty() => match permit {
                Ok(permit) => {
                    if let Some(message) = self.outbox.pop_front() {
                        permit.send(Ok(message));
                    }
                    Event::Room
                }
                Err(_closed) => Event::Gone,
            },
            input = self.worker.finished() => Event::Stored(input),
            Ok(()) = self.plans.changed() => Event::PlansChanged,
            () = asked_for(&mut self.check_requests, self.agent.id) => Event::CheckAsked,
            _ = contact.tick() => Event::ContactDue,
            () = self.place.replaced.cancelled() => Event::Replaced,
            () = self.shutdown.wait() => Event::Shutdown,
            () = sleep(wait) => Event::LinkTimeout,
        }
    }

    async fn on_event(&mut self, event: Event) {
        let input = match event {
            Event::Message(Ok(Some(message))) => Input::Message(message),
            Event::Message(Ok(None) | Err(_)) | Event::Gone => Input::Left,
            Event::Room => return,
            Event::Stored(input @ Input::Opened { .. }) => {
                self.link.handle(self.components.clock.monotonic(), input);
                // The plans may have changed while that was looked up.
                self.policy()
            }
            Event::Stored(input) => input,
            Event::PlansChanged => self.policy(),
            Event::CheckAsked => Input::CheckNow,
            Event::ContactDue => match self.note_contact().await {
                Some(refusal) => Input::Stop(refusal),
                None => return,
            },
            Event::LinkTimeout => Input::Tick,
            Event::Replaced => Input::Stop(Refusal::overloaded(
                "the agent connected again, the older connection ends",
            )),
            Event::Shutdown => Input::Stop(Refusal::overloaded(
                "the server is shutting down: try again later",
            )),
        };
        self.link.handle(self.components.clock.monotonic(), input);
    }

    /// What the computer's plan asks for now.
    fn policy(&mut self) -> Input {
        let book = self.plans.borrow_and_update();
        let plan = book.plan_of(&self.facts);
        Input::PolicyChanged {
            revision: plan.settings_revision(),
            policy: plan.policy().clone(),
        }
    }

    fn on_status(&self, status: &proto::Status) {
        let status = AgentStatus {
            spool_bytes: status.spool_bytes,
            entries_waiting: status.entries_waiting,
            segments_waiting: status.segments_waiting,
            sessions_recorded: status.sessions_recorded,
            sessions_slowed: status.sessions_slowed,
            policy_revision: status.policy_revision,
            known_until: self.plausible(status.known_until),
        };
        let connected = &self.components.connected;
        connected.update(self.agent.id, self.place.number, status);
    }

    /// The time that an agent says its clock shows; `None` if it says none, or one that is far
    /// ahead of this server's.
    fn plausible(&self, micros: i64) -> Option<Timestamp> {
        let latest = self.components.clock.wall().saturating_add(CLOCKS_APART);
        let time = Timestamp::from_unix_micros(micros);
        (micros > 0 && time <= latest).then_some(time)
    }

    /// Keeps that the agent was heard of, and looks whether it still may be here.
    async fn note_contact(&mut self) -> Option<Refusal> {
        let control = &self.components.control;
        let now = self.components.clock.wall();
        if let Err(error) = control.note_contact(self.agent.id, now).await {
            warn!(agent = %self.agent.id, %error, "contact with agent was not noted");
        }
        match control.agent(self.agent.id).await {
            Ok(Some(agent)) if agent.state == AgentState::Removed => Some(Refusal {
                reason: refused::Reason::AgentRemoved,
                message: "the agent was removed by an administrator".to_owned(),
            }),
            Ok(_) | Err(_) => None,
        }
    }

    /// Finishes what is being stored, so that it does not mix with what the next connection
    /// stores, and says what is left to say.
    async fn leave(&mut self) {
        if let Worker::Busy(job) = &mut self.worker {
            let (_ingest, _unsent) = job.await;
        }
        let say_the_rest = async {
            for message in self.outbox.drain(..) {
                if self.replies.send(Ok(message)).await.is_err() {
                    return;
                }
            }
        };
        let _too_slow = timeout(FAREWELL_LIMIT, say_the_rest).await;
    }
}

impl Worker {
    /// Waits until the job under way is done; for ever if there is none.
    ///
    /// # Cancel safety
    ///
    /// The job goes on when this is called again.
    async fn finished(&mut self) -> Input {
        match self {
            Self::Idle(_) => std::future::pending().await,
            Self::Busy(job) => {
                let (ingest, input) = job.await;
                *self = Self::Idle(ingest);
                input
            }
        }
    }
}

/// Waits until this agent is asked to look at its prerequisites.
///
/// # Cancel safety
///
/// Dropping the future loses nothing.
async fn asked_for(requests: &mut broadcast::Receiver<AgentId>, agent: AgentId) {
    loop {
        match requests.recv().await {
            Ok(asked) if asked != agent => {}
            // Of those that were missed, one may have been for it.
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// The names and addresses that an agent says, and that which it connects from.
fn known_as(hello: &Hello, address: SocketAddr) -> ComputerFacts {
    let names = std::iter::once(&hello.computer_name).chain(&hello.facts.names);
    let addresses = hello.facts.addresses.iter().copied();
    ComputerFacts::new(names.cloned(), addresses.chain([address.ip()]))
}

/// How far an agent's clock may be ahead of this server's and still be believed.
const CLOCKS_APART: Duration = Duration::from_secs(3600);
/// How many messages may wait on either side of the link.
const MAX_WAITING: usize = 256;
/// How much memory what waits to be stored may take; one more message may come on top.
const MAX_WAITING_BYTES: usize = 16 << 20;
const CONTACT_INTERVAL: Duration = Duration::from_secs(10);
const TURN_LIMIT: Duration = Duration::from_secs(15);
const FAREWELL_LIMIT: Duration = Duration::from_secs(3);
