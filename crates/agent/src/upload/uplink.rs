//! Keeps a connection to the server for as long as the service runs.

use std::{sync::Arc, time::Duration};

use eidetic_model::{CheckReport, Clock, ComputerFacts, IdSource, SpoolId};
use eidetic_runtime::ShutdownSignal;
use eidetic_spool::SpoolError;
use eidetic_wire::{
    AgentLink, Backoff, ProtocolVersion,
    agent_link::{Ending, Retry, Usage},
    convert::Hello,
};
use tokio::{
    sync::{mpsc, watch},
    task::block_in_place,
    time::sleep,
};
use tonic::transport::Channel;
use tracing::{error, info, warn};

use super::{
    attachment::{Attachment, Detached},
    enrolment::{Redeemed, become_new, redeem},
    spool_side::SpoolSide,
};
use crate::{
    connection::{ConnectError, connect},
    control::Calls,
    identity::{Identity, client_config, renewal},
    prerequisites::Told,
    secrets::Secrets,
    service::{Event, SessionCounts, SharedSpool, UplinkState},
    state_folder::StateFolder,
};

/// What the uplink works with.
pub(crate) struct UplinkParts {
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Ids for a spool that has to be renumbered.
    pub(crate) ids: Arc<dyn IdSource>,
    /// The spool.
    pub(crate) spool: Arc<SharedSpool>,
    /// The agent's folder, with its identity.
    pub(crate) folder: StateFolder,
    /// The agent's keys.
    pub(crate) secrets: Arc<dyn Secrets>,
    /// How many sessions are being recorded, and how.
    pub(crate) sessions_counted: watch::Receiver<SessionCounts>,
    /// What the agent costs this computer.
    pub(crate) usage: watch::Receiver<Usage>,
    /// What was found of the prerequisites last.
    pub(crate) checks: watch::Receiver<Option<CheckReport>>,
    /// Where is told what the server says of them. Full: it is dropped, and comes again.
    pub(crate) told: mpsc::Sender<Told>,
    /// Carries out calls of the server.
    pub(crate) calls: Calls,
    /// The port for calls of the server; 0: none.
    pub(crate) control_port: u16,
    /// Where the service hears of it.
    pub(crate) events: mpsc::Sender<Event>,
    /// This computer's name.
    pub(crate) computer_name: String,
    /// This computer's operating system.
    pub(crate) operating_system: String,
}

/// Sends what is in the spool until `drain` begins, then what is left, as far as there is a
/// connection. An error is the spool's.
pub(crate) async fn run(parts: UplinkParts, drain: ShutdownSignal) -> Result<(), SpoolError> {
    let Some(mut identity) = wait_for_identity(&parts, &drain).await else {
        return Ok(());
    };
    info!(agent = %identity.agent, server = %identity.server, "this computer is enrolled");
    let mut link = new_link(&parts);
    let mut spool = SpoolSide::new(Arc::clone(&parts.spool), parts.computer_name.clone());
    let mut backoff = Backoff::new();
    let mut collect = parts.calls.collecting();
    loop {
        if drain.has_begun() {
            return Ok(());
        }
        parts.tell(Event::Uplink(UplinkState::Connecting)).await;
        // What was asked until now is done by this try.
        collect.mark_unchanged();
        let mut tries = Tries {
            parts: &parts,
            identity: &mut identity,
            link: &mut link,
            spool: &mut spool,
        };
        let (ending, welcome) = tries.attach(&drain).await;
        if welcome {
            backoff.reset();
        }
        let wait = match ending {
            Ok(Detached::Finished) => return Ok(()),
            Ok(Detached::RenewalDue) => continue,
            Ok(Detached::SpoolFailed(error)) => return Err(error),
            Ok(Detached::Lost { reason }) => {
                down(&parts, reason).await;
                backoff.next(random())
            }
            Ok(Detached::Ended(Ending::Refused {
                reason,
                message,
                retry,
                enrolment_token,
            })) => {
                error!(?reason, message, "the server refuses this agent");
                let state = UplinkState::Refused { reason: message };
                parts.tell(Event::Uplink(state)).await;
                if let Some(token) = enrolment_token
                    && become_new(&parts, &identity, &token, &drain).await
                    && let Some(new) = read_identity(&parts).await
                {
                    info!(agent = %new.agent, "this computer has an identity of its own");
                    identity = new;
                    // Sessions that go on may be the first one's, too: they begin anew.
                    parts.tell(Event::NewIdentity).await;
                    let id = SpoolId::from_uuid(parts.ids.new_id(parts.clock.wall()));
                    block_in_place(|| parts.spool.lock().renumber(id))?;
                    spool = SpoolSide::new(Arc::clone(&parts.spool), parts.computer_name.clone());
                    block_in_place(|| spool.announce_anew())?;
                    link = new_link(&parts);
                    backoff.reset();
                    continue;
                }
                match retry {
                    Retry::Soon => backoff.next(random()),
                    Retry::Rarely => RARELY,
                    Retry::Never => {
                        look_for_another(&parts, &mut identity, &drain).await;
                        Duration::ZERO
                    }
                }
            }
            Ok(Detached::Unwelcome { reason }) => {
                error!(reason, "the server does not take this agent's certificate");
                let state = UplinkState::Refused { reason };
                parts.tell(Event::Uplink(state)).await;
                look_for_another(&parts, &mut identity, &drain).await;
                Duration::ZERO
            }
            Ok(Detached::Ended(Ending::SpoolOutOfStep { server })) => {
                warn!(%server, "server and spool disagree on what was sent: the spool gets a new id");
                let id = SpoolId::from_uuid(parts.ids.new_id(parts.clock.wall()));
                block_in_place(|| parts.spool.lock().renumber(id))?;
                parts.tell(Event::ServerForgot).await;
                spool = SpoolSide::new(Arc::clone(&parts.spool), parts.computer_name.clone());
                block_in_place(|| spool.announce_anew())?;
                link = new_link(&parts);
                backoff.next(random())
            }
            Err(error) => {
                down(&parts, error.to_string()).await;
                backoff.next(random())
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            Ok(()) = collect.changed() => backoff.reset(),
            () = drain.wait() => return Ok(()),
        }
    }
}

impl UplinkParts {
    /// Tells the service.
    pub(super) async fn tell(&self, event: Event) {
        let _service_is_leaving = self.events.send(event).await;
    }
}

/// What a connection is tried with.
struct Tries<'a> {
    parts: &'a UplinkParts,
    identity: &'a mut Identity,
    link: &'a mut AgentLink,
    spool: &'a mut SpoolSide,
}

impl Tries<'_> {
    /// Connects, renews the certificate if it is due, and speaks with the server. Also says
    /// whether the server said Welcome.
    async fn attach(&mut self, drain: &ShutdownSignal) -> (Result<Detached, ConnectError>, bool) {
        let channel = match client_config(self.identity) {
            Ok(config) => connect(&self.identity.server, config).await,
            Err(error) => Err(ConnectError::Setup(error)),
        };
        let channel = match channel {
            Ok(channel) => channel,
            Err(error) => return (Err(error), false),
        };
        if self.renewal_is_due() {
            self.renew(channel.clone()).await;
        }
        let clock = Arc::clone(&self.parts.clock);
        let certificate = self.identity.certificate.clone();
        let attachment = Attachment {
            parts: self.parts,
            link: self.link,
            spool: self.spool,
            drain: drain.clone(),
            renewal_due: &move || renewal::is_due(&certificate, clock.wall()),
            control_states: mpsc::channel(4),
        };
        let (detached, welcome) = attachment.run(channel).await;
        (Ok(detached), welcome)
    }

    fn renewal_is_due(&self) -> bool {
        renewal::is_due(&self.identity.certificate, self.parts.clock.wall())
    }

    /// A failure is logged only: the certificate may be valid still.
    async fn renew(&mut self, channel: Channel) {
        let renewed = match renewal::renew(self.identity, channel).await {
            Ok(renewed) => renewed,
            Err(error) => {
                warn!(%error, "certificate is not renewed");
                return;
            }
        };
        let path = self.parts.folder.identity();
        let secrets = &*self.parts.secrets;
        match block_in_place(|| renewed.write(&path, secrets)) {
            Ok(()) => {
                info!("certificate is renewed");
                *self.identity = renewed;
            }
            // Once it is used, the server takes the old one no more, which the next start would
            // have.
            Err(error) => warn!(%error, "renewed certificate is not kept, and not used"),
        }
    }
}

pub(super) async fn down(parts: &UplinkParts, reason: String) {
    warn!(reason, "no connection to the server");
    parts
        .tell(Event::Uplink(UplinkState::Down { reason }))
        .await;
}

fn new_link(parts: &UplinkParts) -> AgentLink {
    let (spool, acknowledged, newest) = block_in_place(|| {
        let spool = parts.spool.lock();
        (spool.id(), spool.acknowledged_entry(), spool.newest_entry())
    });
    let hello = Hello {
        oldest: ProtocolVersion::OLDEST,
        newest: ProtocolVersion::NEWEST,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        computer_name: parts.computer_name.clone(),
        operating_system: parts.operating_system.clone(),
        spool,
        // Told anew before each connection.
        facts: ComputerFacts::default(),
        run: Some(parts.ids.new_id(parts.clock.wall()).into_bytes()),
        control_port: Some(parts.control_port).filter(|port| *port > 0),
    };
    AgentLink::new(hello, acknowledged, newest)
}

/// The identity, once this computer is enrolled; `None` if the service ends before.
async fn wait_for_identity(parts: &UplinkParts, drain: &ShutdownSignal) -> Option<Identity> {
    let mut is_told = false;
    loop {
        // Why the server refused is told already.
        is_told |= redeem(parts, drain).await? == Redeemed::Refused;
        if let Some(identity) = read_identity(parts).await {
            return Some(identity);
        }
        if !is_told {
            warn!(
                "this computer is not enrolled: what is recorded waits in the spool until `eidetic-agent enrol` was run"
            );
            parts.tell(Event::Uplink(UplinkState::NotEnrolled)).await;
            is_told = true;
        }
        wait_to_look(drain).await?;
    }
}

/// Waits until this computer is enrolled anew, and takes that identity. After [`RARELY`] the old
/// one may be tried again: an administrator may have taken back what he did.
async fn look_for_another(parts: &UplinkParts, identity: &mut Identity, drain: &ShutdownSignal) {
    let enrolled_anew = async {
        while wait_to_look(drain).await.is_some() {
            if let Some(new) = read_identity(parts).await
                && new.certificate != identity.certificate
            {
                return Some(new);
            }
        }
        None
    };
    if let Ok(Some(new)) = tokio::time::timeout(RARELY, enrolled_anew).await {
        info!(agent = %new.agent, server = %new.server, "this computer was enrolled anew");
        *identity = new;
    }
}

async fn wait_to_look(drain: &ShutdownSignal) -> Option<()> {
    tokio::select! {
        () = sleep(LOOK_FOR_IDENTITY) => Some(()),
        () = drain.wait() => None,
    }
}

async fn read_identity(parts: &UplinkParts) -> Option<Identity> {
    let path = parts.folder.identity();
    match block_in_place(|| Identity::read(&path, &*parts.secrets)) {
        Ok(identity) => identity,
        Err(error) => {
            down(parts, error.to_string()).await;
            None
        }
    }
}

/// For waits that shall differ from agent to agent.
pub(super) fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}

/// Agent or server has to be upgraded first.
const RARELY: Duration = Duration::from_secs(15 * 60);

/// How often to look whether this computer was enrolled.
const LOOK_FOR_IDENTITY: Duration = Duration::from_secs(5);
