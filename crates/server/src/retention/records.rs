//! Removing activity records once the time is over for which their plan keeps them.
//!
//! That they are not there any more is said first, then they go: whatever happens in between, what
//! is gone was said to be, and the next round finds what is left.

use std::collections::HashMap;

use eidetic_model::{PlanId, SessionId, Timestamp};
use eidetic_runtime::ShutdownSignal;
use eidetic_store::StoreError;

use super::kept_since;
use crate::components::Components;

/// Removes the records that are due now, and forgets sessions of which nothing is left. Returns how
/// many records.
///
/// # Errors
///
/// If a store fails; what was removed before is.
pub async fn remove_due_records(
    components: &Components,
    shutdown: &ShutdownSignal,
) -> Result<u64, StoreError> {
    let mut removed = 0;
    let days = |settings: &crate::plans::PlanSettings| settings.record_retention_days;
    for plan in components.control.plans_of_sessions().await? {
        let Some(before) = kept_since(components, plan, days) else {
            continue;
        };
        loop {
            let due = components
                .control
                .sessions_with_records_before(plan, before, 0, AT_ONCE);
            let due = due.await?;
            if due.is_empty() || shutdown.has_begun() {
                break;
            }
            removed += remove(components, &due, before).await?;
        }
        if shutdown.has_begun() {
            return Ok(removed);
        }
        components.control.forget_sessions(plan, before).await?;
    }
    Ok(removed + remove_of_no_session(components, days).await?)
}

async fn remove(
    components: &Components,
    sessions: &[SessionId],
    before: Timestamp,
) -> Result<u64, StoreError> {
    let control = &components.control;
    control.say_records_removed(sessions, before).await?;
    let forgotten: HashMap<_, _> = components.audit.purge_sessions(sessions, before).await?;
    let counted: Vec<_> = sessions
        .iter()
        .map(|session| {
            (
                *session,
                forgotten.get(session).copied().unwrap_or_default(),
            )
        })
        .collect();
    control.note_records_removed(&counted, before).await?;
    Ok(forgotten.values().sum())
}

/// Records that were damaged on an agent's disk say no session: the plan that keeps longest counts.
async fn remove_of_no_session(
    components: &Components,
    days: fn(&crate::plans::PlanSettings) -> u32,
) -> Result<u64, StoreError> {
    let none: Option<PlanId> = None;
    let Some(before) = kept_since(components, none, days) else {
        return Ok(0);
    };
    let nobody = [SessionId::from_uuid(uuid::Uuid::nil())];
    let forgotten = components.audit.purge_sessions(&nobody, before).await?;
    Ok(forgotten.values().sum())
}

const AT_ONCE: usize = 200;
