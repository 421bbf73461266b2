//! Doing the enrolment that an installer asked for.

use eidetic_runtime::ShutdownSignal;
use eidetic_wire::{Backoff, EnrolmentTicket};
use tokio::{task::block_in_place, time::sleep};
use tracing::{error, info, warn};

use super::uplink::{UplinkParts, down, random};
use crate::{
    identity::{EnrolError, Enrolment, Identity, PendingEnrolment, enrol, is_pinned},
    service::{Event, UplinkState},
};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redeemed {
    /// There was nothing to do.
    NothingWaits,
    /// This computer is enrolled.
    Enrolled,
    /// The server refused: the token is of no use, and forgotten.
    Refused,
}

/// Enrols this computer if an installer asked for it, however long the server cannot be reached;
/// `None` if the service leaves before.
pub(super) async fn redeem(parts: &UplinkParts, drain: &ShutdownSignal) -> Option<Redeemed> {
    let mut backoff = Backoff::new();
    loop {
        let pending = match block_in_place(|| PendingEnrolment::read(&*parts.secrets)) {
            Ok(Some(pending)) => pending,
            Ok(None) => return Some(Redeemed::NothingWaits),
            Err(error) => {
                error!("the enrolment that waits cannot be read, and is forgotten: {error:#}");
                forget(parts);
                return Some(Redeemed::NothingWaits);
            }
        };
        parts.tell(Event::Uplink(UplinkState::Connecting)).await;
        let tried = tokio::select! {
            tried = try_once(parts, pending) => tried,
            () = drain.wait() => return None,
        };
        match tried {
            Ok(()) => {
                forget(parts);
                return Some(Redeemed::Enrolled);
            }
            Err(Failure::Enrolment(refused @ EnrolError::Refused { .. })) => {
                error!(error = %refused, "the token of the installer is of no use");
                forget(parts);
                let reason = format!("{refused}; enrol it with another token");
                parts
                    .tell(Event::Uplink(UplinkState::Refused { reason }))
                    .await;
                return Some(Redeemed::Refused);
            }
            Err(failure) => down(parts, failure.to_string()).await,
        }
        tokio::select! {
            () = sleep(backoff.next(random())) => {}
            () = drain.wait() => return None,
        }
    }
}

/// Enrols this computer, a copy of another one, as a computer of its own. Whether it did.
///
/// The token came over the connection that was secured by the authority that this agent knows; it
/// must be one of the same authority.
pub(super) async fn become_new(
    parts: &UplinkParts,
    identity: &Identity,
    token: &str,
    drain: &ShutdownSignal,
) -> bool {
    let ticket: EnrolmentTicket = match token.parse() {
        Ok(ticket) => ticket,
        Err(error) => {
            error!(%error, "the server's token for a new identity cannot be used");
            return false;
        }
    };
    if !is_pinned(&identity.authority, ticket.authority_sha256()) {
        error!("the server's token for a new identity is another server's");
        return false;
    }
    warn!("this computer is a copy of another one: it enrols as a computer of its own");
    let pending = PendingEnrolment {
        server: identity.server.clone(),
        ticket,
        is_copy: true,
    };
    // At rest first: whatever happens in between, the next start goes on with it.
    if let Err(error) = block_in_place(|| pending.write(&*parts.secrets)) {
        error!("the enrolment as a computer of its own cannot be kept: {error:#}");
        return false;
    }
    redeem(parts, drain).await == Some(Redeemed::Enrolled)
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Enrolment(#[from] EnrolError),
    #[error("failed to keep the identity: {0}")]
    NotKept(String),
}

async fn try_once(parts: &UplinkParts, pending: PendingEnrolment) -> Result<(), Failure> {
    let PendingEnrolment {
        server,
        ticket,
        is_copy,
    } = pending;
    let path = parts.folder.identity();
    // One that cannot be read is what is to be replaced.
    let until_now = match is_copy {
        true => None,
        false => block_in_place(|| Identity::read(&path, &*parts.secrets)).unwrap_or_default(),
    };
    let identity = enrol(Enrolment {
        server,
        ticket,
        computer_name: parts.computer_name.clone(),
        operating_system: parts.operating_system.clone(),
        until_now,
    })
    .await?;
    info!(agent = %identity.agent, "the server has enrolled this computer");
    block_in_place(|| identity.write(&path, &*parts.secrets))
        .map_err(|error| Failure::NotKept(error.to_string()))
}

fn forget(parts: &UplinkParts) {
    if let Err(error) = block_in_place(|| PendingEnrolment::forget(&*parts.secrets)) {
        error!("{error:#}");
    }
}
