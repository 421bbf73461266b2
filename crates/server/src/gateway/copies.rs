//! Agents that were copies of another one, and what of theirs is that one's.
//!
//! A copied disk holds what the first computer had not sent when the copy was made, and a note of
//! the sessions that were open then. All of that is the first computer's, which sends it itself.
//! What the copy recorded on its own is its own, under its new identity. So of what a copy sends:
//!
//! - what is about sessions that the first one does not have, is taken in as it is;
//! - what is about a session of the first one, and of a time of which that one told already, is
//!   the first one's, and skipped;
//! - what is about such a session, but later than anything that is known of it, happened on the
//!   copy: the disk was copied while the session went on. It is taken in as a session of its own.

use eidetic_model::{AgentId, Entry, IdleStretch, RecordSequence, SessionId, Timestamp};
use eidetic_store::{StoreError, control::ControlStore};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Keeps that whoever enrols with this token is a copy of an agent.
///
/// # Errors
///
/// If the store fails.
pub async fn keep_token(
    control: &dyn ControlStore,
    secret_sha256: [u8; 32],
    first: AgentId,
) -> Result<(), StoreError> {
    let name = token_setting(secret_sha256);
    control.put_setting(&name, &first.to_string()).await?;
    Ok(())
}

/// The agent of which whoever enrols with this token is a copy, if he is one.
///
/// # Errors
///
/// If the store fails.
pub async fn of_token(
    control: &dyn ControlStore,
    secret_sha256: [u8; 32],
) -> Result<Option<AgentId>, StoreError> {
    read(control, &token_setting(secret_sha256)).await
}

/// Keeps that an agent was a copy of another.
///
/// # Errors
///
/// If the store fails.
pub async fn keep(
    control: &dyn ControlStore,
    copy: AgentId,
    first: AgentId,
) -> Result<(), StoreError> {
    let name = copy_setting(copy);
    control.put_setting(&name, &first.to_string()).await?;
    Ok(())
}

/// The agent of which another was a copy, if it was one.
///
/// # Errors
///
/// If the store fails.
pub async fn of_agent(
    control: &dyn ControlStore,
    agent: AgentId,
) -> Result<Option<AgentId>, StoreError> {
    read(control, &copy_setting(agent)).await
}

/// The entries of a copy as they are to be taken in: those of the first one left out. Their
/// sequences stay without a hole.
///
/// # Errors
///
/// If the store fails.
pub async fn own_entries(
    control: &dyn ControlStore,
    agent: AgentId,
    first: AgentId,
    entries: &[(RecordSequence, Entry)],
) -> Result<Vec<(RecordSequence, Entry)>, StoreError> {
    let mut own = Vec::with_capacity(entries.len());
    for (sequence, entry) in entries {
        let entry = own_entry(control, agent, first, entry).await?;
        own.push((*sequence, entry));
    }
    Ok(own)
}

async fn own_entry(
    control: &dyn ControlStore,
    agent: AgentId,
    first: AgentId,
    entry: &Entry,
) -> Result<Entry, StoreError> {
    let (session, until) = match entry {
        // Whether it is known already, the latest time of it counts.
        Entry::SessionOpened(opened) => (opened.id, None),
        Entry::Activity(record) => (record.session, Some(record.when)),
        Entry::Idle(idle) => (idle.session, Some(idle.until)),
        Entry::SessionClosed(ending) => (ending.session, Some(ending.end)),
        Entry::SegmentOpened(segment) => match control.segment(segment.id).await? {
            Some((owner, _)) if owner == first => return Ok(nothing(agent)),
            _ => (segment.session, Some(segment.start)),
        },
        Entry::SegmentLost { segment, .. } => {
            return Ok(match control.segment(*segment).await? {
                Some((owner, _)) if owner == first => nothing(agent),
                _ => entry.clone(),
            });
        }
    };
    let Some(known) = control.session(session).await? else {
        return Ok(entry.clone());
    };
    if known.agent != first {
        return Ok(entry.clone());
    }
    if until.is_none_or(|until| until <= known.last_known) {
        return Ok(nothing(agent));
    }
    Ok(moved(entry, derived(agent, session)))
}

/// The same of another session.
fn moved(entry: &Entry, session: SessionId) -> Entry {
    let mut entry = entry.clone();
    match &mut entry {
        Entry::SessionOpened(opened) => opened.id = session,
        Entry::Activity(record) => record.session = session,
        Entry::Idle(idle) => idle.session = session,
        Entry::SessionClosed(ending) => ending.session = session,
        Entry::SegmentOpened(segment) => segment.session = session,
        Entry::SegmentLost { .. } => {}
    }
    entry
}

/// Stands for an entry that is skipped: an idle stretch of a session that is not there is nothing.
fn nothing(agent: AgentId) -> Entry {
    let never = Timestamp::from_unix_micros(0);
    Entry::Idle(IdleStretch {
        session: derived(agent, SessionId::from_uuid(Uuid::nil())),
        from: never,
        until: never,
    })
}

/// Another session's id, the same each time.
fn derived(agent: AgentId, session: SessionId) -> SessionId {
    let mut hash = Sha256::new();
    hash.update(agent.to_bytes());
    hash.update(session.to_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    SessionId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

async fn read(control: &dyn ControlStore, name: &str) -> Result<Option<AgentId>, StoreError> {
    let Some((_, text)) = control.setting(name).await? else {
        return Ok(None);
    };
    let id = text.parse().map_err(|_| StoreError::Damaged {
        what: "note of a copied agent".to_owned(),
        reason: format!("{name} is no agent's id"),
    })?;
    Ok(Some(id))
}

fn token_setting(secret_sha256: [u8; 32]) -> String {
    format!("copy_token/{}", hex::encode(secret_sha256))
}

fn copy_setting(agent: AgentId) -> String {
    format!("copy_of/{agent}")
}
