//! A token for a certificate, and a new certificate for an old one.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use eidetic_model::{AgentId, ComputerFacts, Timestamp};
use eidetic_store::{
    StoreError,
    control::{Agent, AgentState, ControlStore, Enrolling, EnrolmentToken, Redeemed},
};
use eidetic_wire::{
    EnrolmentTicket,
    convert::{ConvertError, from_proto},
    negotiate, proto,
};
use tonic::Status;
use tracing::{error, info, warn};

use super::{admission, bound, copies, stream::Peer, throttle::Throttle};
use crate::{
    components::{Change, Components},
    pki::{AgentCertificate, AgentRequestError, Authority, SignedCertificate},
};

/// Gives certificates to agents.
#[derive(Clone)]
pub struct Enrolment {
    components: Components,
    authority: Arc<Authority>,
    throttle: Arc<Mutex<Throttle>>,
}

/// A ticket with which one agent may enrol, kept in the store until it expires.
///
/// # Errors
///
/// If the store fails.
pub async fn new_ticket(
    control: &dyn ControlStore,
    authority_certificate: &[u8],
    now: Timestamp,
    valid_for: Duration,
) -> Result<EnrolmentTicket, StoreError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).expect("the operating system gives random bytes");
    let ticket = EnrolmentTicket::new(authority_certificate, secret);
    let token = EnrolmentToken {
        secret_sha256: ticket.secret_sha256(),
        created: now,
        expires: now.saturating_add(valid_for),
    };
    control.add_enrolment_token(token).await?;
    Ok(ticket)
}

impl Enrolment {
    /// Gives certificates of this authority.
    pub fn new(components: Components, authority: Arc<Authority>) -> Self {
        Self {
            components,
            authority,
            throttle: Arc::default(),
        }
    }

    /// Takes a token for a certificate. Who shows the certificate of an agent stays that agent.
    pub async fn enrol(
        &self,
        peer: &Peer,
        request: proto::EnrolRequest,
    ) -> Result<proto::EnrolResponse, Status> {
        let address = peer.address.ip();
        let now = self.components.clock.monotonic();
        let wait = self.throttle().wait(now, address);
        if !wait.is_zero() {
            return Err(Status::resource_exhausted(format!(
                "too many failed attempts from {address}: try again in {} seconds",
                wait.as_secs() + 1
            )));
        }
        let result = self.try_enrol(peer, request).await;
        if let Err(status) = &result
            && status.code() != tonic::Code::Unavailable
        {
            warn!(%address, reason = status.message(), "enrolment refused");
            self.throttle().failed(now, address);
        }
        result
    }

    /// A new certificate for an agent that has one.
    pub async fn renew(
        &self,
        agent: AgentId,
        request: &proto::RenewRequest,
    ) -> Result<proto::EnrolResponse, Status> {
        let signed = self.sign(&request.certificate_request, agent)?;
        admission::renewed(self.components.control.as_ref(), agent, &signed.serial)
            .await
            .map_err(store_failed)?;
        info!(%agent, "agent's certificate renewed");
        Ok(self.response(agent, signed))
    }

    async fn try_enrol(
        &self,
        peer: &Peer,
        request: proto::EnrolRequest,
    ) -> Result<proto::EnrolResponse, Status> {
        let (oldest, newest) =
            from_proto::protocol_range(request.protocol).map_err(invalid_field)?;
        negotiate(oldest, newest)
            .map_err(|error| Status::failed_precondition(error.to_string()))?;
        let ticket: EnrolmentTicket =
            request
                .token
                .parse()
                .map_err(|error: eidetic_wire::TicketError| {
                    Status::invalid_argument(error.to_string())
                })?;
        let name = |field, text| from_proto::name(field, text).map_err(invalid_field);
        let now = self.components.clock.wall();
        self.check_computer(&ticket, &request.computer_name).await?;
        let control = self.components.control.as_ref();
        let copied = copies::of_token(control, ticket.secret_sha256()).await;
        let copied = copied.map_err(store_failed)?;
        let known = match copied {
            // Whatever certificate it shows is the first one's.
            Some(_) => None,
            None => self.known_as(peer).await?,
        };
        let id = match &known {
            Some(known) => known.id,
            None => AgentId::from_uuid(self.components.ids.new_id(now)),
        };
        // Signed before the token is used up, so that a bad request does not cost the token.
        let signed = self.sign(&request.certificate_request, id)?;
        let agent = Agent {
            id,
            computer_name: name("computer_name", request.computer_name)?,
            agent_version: name("agent_version", request.agent_version)?,
            operating_system: name("operating_system", request.operating_system)?,
            // Its plan is what it was until it says anew how it is known.
            facts: known
                .as_ref()
                .map_or_else(ComputerFacts::default, |known| known.facts.clone()),
            enrolled: now,
            last_seen: known.and_then(|known| known.last_seen),
            state: AgentState::Active,
            certificate_serial: signed.serial.clone(),
        };
        let name = agent.computer_name.clone();
        if let Some(first) = copied {
            let kept = copies::keep(control, id, first).await;
            kept.map_err(store_failed)?;
        }
        self.keep(&ticket, agent).await?;
        if let Some(first) = copied {
            self.components.duplicates.resolve(first);
            self.components.news.tell(Change::Agent(first));
            info!(agent = %id, %first, "a copied computer has an identity of its own");
        }
        let deployment = &self.components.deployment;
        deployment.note_enrolment(ticket.secret_sha256(), id);
        info!(agent = %id, computer = name, "agent enrolled");
        self.components.news.tell(Change::Agent(id));
        Ok(self.response(id, signed))
    }

    /// The agent that a computer was until now, also if its certificate has expired or it was
    /// removed: the sessions of which the rest waits in its spool are that agent's. Whose
    /// certificate was replaced by another is a copy, and becomes an agent of its own.
    async fn known_as(&self, peer: &Peer) -> Result<Option<Agent>, Status> {
        let shown = peer.certificate.as_ref();
        let Some(shown) = shown.and_then(|shown| AgentCertificate::read(shown).ok()) else {
            return Ok(None);
        };
        let known = self.components.control.agent(shown.agent).await;
        let known = known.map_err(store_failed)?;
        Ok(known.filter(|known| known.certificate_serial == shown.serial))
    }

    /// A token that was made for one computer is of no use to another, and stays good for its own.
    async fn check_computer(&self, ticket: &EnrolmentTicket, own: &str) -> Result<(), Status> {
        let control = self.components.control.as_ref();
        let bound = bound::bound_to(control, ticket.secret_sha256()).await;
        match bound.map_err(store_failed)? {
            Some(meant) if !bound::is_for(&meant, own) => Err(Status::permission_denied(format!(
                "the enrolment token was made for the computer {meant}, and this one is {own}: it \
                 can still be used there; make another one for this computer in the console"
            ))),
            _ => Ok(()),
        }
    }

    /// Keeps the agent if the ticket is good, which is used up then.
    async fn keep(&self, ticket: &EnrolmentTicket, agent: Agent) -> Result<(), Status> {
        let now = self.components.clock.wall();
        let enrolling = Enrolling {
            secret_sha256: ticket.secret_sha256(),
            // A certificate that was given before and not used yet does not count any more.
            setting: admission::renewal(agent.id, &agent.certificate_serial),
            agent,
        };
        let redeemed = self.components.control.enrol_agent(enrolling, now).await;
        let redeemed = redeemed.map_err(store_failed)?;
        let refused = match redeemed {
            Redeemed::Yes => return Ok(()),
            Redeemed::Unknown => "the enrolment token is not one of this server's",
            Redeemed::AlreadyUsed => "the enrolment token was used before: each enrols one agent",
            Redeemed::Expired => "the enrolment token has expired",
        };
        Err(Status::permission_denied(format!(
            "{refused}; make a new one in the console or with `eidetic-server token`"
        )))
    }

    fn sign(&self, request: &[u8], agent: AgentId) -> Result<SignedCertificate, Status> {
        if request.len() > MAX_REQUEST_BYTES {
            return Err(Status::invalid_argument(
                "the certificate request is too long",
            ));
        }
        let now = self.components.clock.wall();
        let signed = self.authority.sign_agent(request, agent, now);
        signed.map_err(|refused| match refused {
            AgentRequestError::Sign(cause) => {
                error!(error = %cause, "certificate could not be signed");
                Status::unavailable("the server cannot sign certificates now")
            }
            refused => Status::invalid_argument(refused.to_string()),
        })
    }

    fn response(&self, agent: AgentId, signed: SignedCertificate) -> proto::EnrolResponse {
        proto::EnrolResponse {
            agent_id: agent.to_bytes().to_vec().into(),
            certificate: signed.certificate.into(),
            authority: self.authority.certificate().to_vec().into(),
        }
    }

    fn throttle(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.throttle
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn invalid_field(error: ConvertError) -> Status {
    Status::invalid_argument(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn store_failed(error: StoreError) -> Status {
    error!(%error, "enrolment could not be stored");
    Status::unavailable("the server cannot store enrolments now: try again later")
}

/// A request with a key of the kind that is taken has some hundred bytes.
const MAX_REQUEST_BYTES: usize = 8 << 10;
