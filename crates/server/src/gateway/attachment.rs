//! One attached agent: the thin shell of I/O around its link.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use eidetic_model::{AgentId, ComputerFacts, Timestamp};
use eidetic_runtime::ShutdownSignal;
use eidetic_store::{
    StoreError,
    control::{Agent, AgentState, SaidStatus},
};
use eidetic_wire::{
    convert::Hello,
    proto::{self, refused},
    server_link::{Ending, HELLO_LIMIT, Input, Output, Refusal, ServerLink, Windows},
};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tonic::{Status, Streaming};
use tracing::{info, warn};

use super::{
    attachments::{Attachments, Place},
    copies,
    enrolment::new_ticket,
    ingest::{Ingest, Job, Jobs},
};
use crate::{
    components::{AgentStatus, Change, Components, Connection},
    control::Order,
    health::{
        EventKind, Happened,
        duplicates::{Judgement, Run},
    },
    plans::PlanBook,
};

/// What an attachment is made of.
pub struct Attaching {
    /// The server's components.
    pub components: Components,
    /// Where it takes its place: it is attached once.
    pub attachments: Attachments,
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
    /// The certificate (DER) of the server's authority.
    pub authority: Arc<[u8]>,
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
    pub async fn run(mut self) {
        let agent = self.agent.id;
        let components = self.components.clone();
        let Some(first) = self.first_message().await else {
            return;
        };
        let run = self.run_of(&first);
        let now = components.clock.monotonic();
        if components.duplicates.hello(agent, &run, now) == Judgement::Second {
            return self.turn_away(&run).await;
        }
        let place = self.attachments.take(agent);
        let number = place.number;
        // What the connection before was storing is stored when it is this one's turn.
        let Ok(_turn) = timeout(TURN_LIMIT, place.turn()).await else {
            warn!(%agent, "the agent's connection before does not end");
            components.duplicates.left(agent, run.id);
            return;
        };
        let connection = Connection {
            number,
            stopped_since: None,
            since: components.clock.wall(),
            address: self.address.to_string(),
            status: None,
        };
        components.connected.insert(agent, connection);
        let orders = components.lines.open(agent, number);
        components.news.tell(Change::Agent(agent));
        info!(%agent, address = %self.address, "agent attached");
        let run_id = run.id;
        let (ending, _place) = Attachment::new(self, place, run_id, orders)
            .run(first)
            .await;
        components.lines.close(agent, number);
        components.connected.remove(agent, number);
        components.duplicates.left(agent, run_id);
        components.news.tell(Change::Agent(agent));
        match ending {
            Ending::Refused(refusal) => {
                warn!(%agent, reason = refusal.message, "agent's connection ended by the server");
            }
            ending => info!(%agent, ?ending, "agent detached"),
        }
    }

    /// What the agent says first; nothing if it does not, or the server shuts down.
    async fn first_message(&mut self) -> Option<proto::FromAgent> {
        tokio::select! {
            first = timeout(HELLO_LIMIT, self.messages.message()) => first.ok()?.ok()?,
            () = self.shutdown.wait() => None,
        }
    }

    /// Which run of the agent this is. Whether the message makes sense is the link's to say.
    fn run_of(&self, first: &proto::FromAgent) -> Run {
        let hello = match &first.message {
            Some(proto::from_agent::Message::Hello(hello)) => Some(hello),
            _ => None,
        };
        Run {
            id: hello.and_then(|hello| hello.run_id.as_ref().try_into().ok()),
            computer: self.agent.computer_name.clone(),
            address: self.address.ip().to_canonical().to_string(),
        }
    }

    /// A token for this run, if an administrator wants it to be a computer of its own, and the first
    /// one has sent what it had when the copy was made.
    async fn token_for_a_copy(&self, run: &Run) -> Option<String> {
        let components = &self.components;
        let first = self.agent.id;
        if !components.duplicates.is_to_be_new(first, run.id) {
            return None;
        }
        let control = components.control.as_ref();
        let now = components.clock.wall();
        let made = async {
            let ticket = new_ticket(control, &self.authority, now, COPY_ENROLS_WITHIN).await?;
            copies::keep_token(control, ticket.secret_sha256(), first).await?;
            Ok::<_, StoreError>(ticket.to_text())
        };
        match made.await {
            Ok(token) => {
                info!(agent = %first, address = %self.address,
                    "the second computer is told to enrol anew");
                Some(token)
            }
            Err(error) => {
                warn!(%error, "no token could be made for the second computer");
                None
            }
        }
    }

    /// Another computer is connected with this identity.
    async fn turn_away(&self, run: &Run) {
        warn!(agent = %self.agent.id, address = %self.address,
            "another computer is connected with the same identity");
        let refused = proto::Refused {
            reason: refused::Reason::Duplicate.into(),
            message: "another computer is connected with the identity of this one. If this one \
                      was copied: stop the service, delete identity.toml in the agent's folder, \
                      enrol it with a token of its own, and start the service"
                .to_owned(),
            enrolment_token: self.token_for_a_copy(run).await.unwrap_or_default(),
        };
        let message = proto::to_agent::Message::Refused(refused);
        let message = proto::ToAgent {
            message: Some(message),
        };
        let _gone = self.replies.send(Ok(message)).await;
    }
}

struct Attachment {
    components: Components,
    place: Place,
    run: Option<[u8; 16]>,
    agent: Agent,
    messages: Streaming<proto::FromAgent>,
    replies: Replies,
    shutdown: ShutdownSignal,
    plans: watch::Receiver<Arc<PlanBook>>,
    check_requests: broadcast::Receiver<AgentId>,
    /// Calls to the agent that come in, and those to which it has not answered.
    orders: mpsc::Receiver<Order>,
    calls: BTreeMap<u64, oneshot::Sender<proto::ControlState>>,
    last_call: u64,
    address: SocketAddr,
    /// How the computer is known on the network; nothing before Hello.
    facts: ComputerFacts,
    link: ServerLink,
    outbox: VecDeque<proto::ToAgent>,
    jobs: Jobs,
    worker: Worker,
    /// What the agent said of itself and was not taken in yet.
    status: Option<proto::Status>,
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
    Called(Order),
    ContactDue,
    LinkTimeout,
    Replaced,
    Shutdown,
    Gone,
}

impl Attachment {
    fn new(
        attaching: Attaching,
        place: Place,
        run: Option<[u8; 16]>,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        let components = attaching.components;
        let now = components.clock.monotonic();
        let ingest = Ingest::new(components.clone(), attaching.agent.clone());
        Self {
            plans: components.plans.subscribe(),
            check_requests: components.check_requests.subscribe(),
            orders,
            calls: BTreeMap::new(),
            last_call: 0,
            address: attaching.address,
            facts: ComputerFacts::default(),
            components,
            place,
            run,
            agent: attaching.agent,
            messages: attaching.messages,
            replies: attaching.replies,
            shutdown: attaching.shutdown,
            link: ServerLink::new(now, attaching.windows),
            outbox: VecDeque::new(),
            jobs: Jobs::default(),
            worker: Worker::Idle(Box::new(ingest)),
            status: None,
        }
    }

    async fn run(mut self, first: proto::FromAgent) -> (Ending, Place) {
        let now = self.components.clock.monotonic();
        self.link.handle(now, Input::Message(first));
        let mut contact = interval(CONTACT_INTERVAL);
        contact.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ending = loop {
            if let Some(ending) = self.take_outputs() {
                break ending;
            }
            self.start_next_job();
            if let Some(status) = self.status.take() {
                self.on_status(&status).await;
            }
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
                Output::Status(status) => self.status = Some(status),
                Output::ControlState(answer) => self.answered(answer),
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
            Some(order) = self.orders.recv(), if self.calls.len() < MAX_CALLS => {
                Event::Called(order)
            }
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
            Event::Called(order) => self.called(order),
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

    fn called(&mut self, Order { call, answer }: Order) -> Input {
        // Nobody waits for the answers to these any more.
        self.calls.retain(|_, answer| !answer.is_closed());
        self.last_call += 1;
        self.calls.insert(self.last_call, answer);
        Input::Control(proto::NumberedCall {
            number: self.last_call,
            call: call.into(),
        })
    }

    fn answered(&mut self, answer: proto::NumberedState) {
        if let Some(call) = self.calls.remove(&answer.number)
            && let Some(state) = answer.state
        {
            let _caller_has_left = call.send(state);
        }
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

    async fn on_status(&mut self, said: &proto::Status) {
        let now = self.components.clock.wall();
        let clock = (said.clock > 0).then_some(said.clock);
        let status = AgentStatus {
            spool_bytes: said.spool_bytes,
            entries_waiting: said.entries_waiting,
            segments_waiting: said.segments_waiting,
            sessions_recorded: said.sessions_recorded,
            sessions_slowed: said.sessions_slowed,
            policy_revision: said.policy_revision,
            known_until: self.plausible(said.known_until),
            clock_ahead_micros: clock.map(|clock| clock.saturating_sub(now.as_unix_micros())),
            cpu_permille: said.cpu_permille,
            busiest_recorder_permille: said.busiest_recorder_permille,
            memory_bytes: said.memory_bytes,
            spool_full: said.spool_full,
            disk_free_bytes: said.disk_free_bytes,
        };
        let components = &self.components;
        let agent = self.agent.id;
        components.connected.update(
            agent,
            self.place.number,
            status,
            self.plausible(said.stopped_since),
        );
        let heard = components.duplicates.heard(
            agent,
            self.run,
            status.entries_waiting == 0,
            components.clock.monotonic(),
        );
        if let Some(duplicate) = heard {
            warn!(%agent, %duplicate, "two computers have one identity");
            let happened = Happened::to(EventKind::Duplicate, &self.agent, format!("{duplicate}."));
            components.health_log().note(vec![happened]).await;
        }
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
        let control = Arc::clone(&self.components.control);
        let now = self.components.clock.wall();
        if let Err(error) = control.note_contact(self.agent.id, now).await {
            warn!(agent = %self.agent.id, %error, "contact with agent was not noted");
        }
        self.keep_status(now).await;
        match control.agent(self.agent.id).await {
            Ok(Some(agent)) if agent.state == AgentState::Removed => Some(Refusal {
                reason: refused::Reason::AgentRemoved,
                message: "the agent was removed by an administrator".to_owned(),
            }),
            Ok(_) | Err(_) => None,
        }
    }

    /// Keeps what the agent said last, for when it is away.
    async fn keep_status(&mut self, at: Timestamp) {
        let connection = self.components.connected.connection(self.agent.id);
        let Some(status) = connection.and_then(|connection| connection.status) else {
            return;
        };
        let said = SaidStatus {
            at,
            address: self.address.to_string(),
            status,
        };
        let health = &self.components.health;
        if let Err(error) = health.keep_status(self.agent.id, said).await {
            warn!(agent = %self.agent.id, %error, "status of agent was not kept");
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
/// More wait their turn.
const MAX_CALLS: usize = 8;
const MAX_WAITING: usize = 256;
/// How much memory what waits to be stored may take; one more message may come on top.
const MAX_WAITING_BYTES: usize = 16 << 20;
const CONTACT_INTERVAL: Duration = Duration::from_secs(10);
const TURN_LIMIT: Duration = Duration::from_secs(15);
const FAREWELL_LIMIT: Duration = Duration::from_secs(3);
/// An agent enrols at once.
const COPY_ENROLS_WITHIN: Duration = Duration::from_secs(600);
