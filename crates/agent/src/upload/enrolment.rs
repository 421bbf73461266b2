//! Doing the enrolment that an installer asked for.

use eidetic_runtime::ShutdownSignal;
use eidetic_wire::Backoff;
use tokio::{task::block_in_place, time::sleep};
use tracing::{error, info};

use super::uplink::{UplinkParts, down, random};
use crate::{
    identity::{EnrolError, Enrolment, Identity, PendingEnrolment, enrol},
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

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Enrolment(#[from] EnrolError),
    #[error("failed to keep the identity: {0}")]
    NotKept(String),
}

async fn try_once(parts: &UplinkParts, pending: PendingEnrolment) -> Result<(), Failure> {
    let PendingEnrolment { server, ticket } = pending;
    let path = parts.folder.identity();
    // One that cannot be read is what is to be replaced.
    let until_now = block_in_place(|| Identity::read(&path, &*parts.secrets)).unwrap_or_default();
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
