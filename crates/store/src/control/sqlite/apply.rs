//! Takes in what agents report.

use eidetic_model::{
    ActivityRecord, AgentId, Entry, IdleStretch, PlanId, RecordSequence, SegmentDescription,
    SessionDescription, SessionEnding, SessionId, SessionOrigin, SpoolId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{agents, health, recordings, segments};
use crate::{
    control::Applied,
    sqlite::{Failure, from_sql, to_sql},
};

/// The last entry of a spool that was taken in.
pub(super) fn last_sequence(
    connection: &Connection,
    agent: AgentId,
    spool: SpoolId,
) -> Result<RecordSequence, Failure> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT sequence FROM last_sequence WHERE agent = ?1 AND spool = ?2")?
        .query_row([agent.to_bytes(), spool.to_bytes()], |row| row.get(0))
        .optional()?;
    Ok(RecordSequence(last.map_or(0, from_sql)))
}

/// Takes in consecutive entries, all or none.
pub(super) fn apply(
    connection: &Connection,
    agent: AgentId,
    spool: SpoolId,
    plan: PlanId,
    entries: &[(RecordSequence, Entry)],
) -> Result<Applied, Failure> {
    let last = last_sequence(connection, agent, spool)?;
    let known = entries.partition_point(|(sequence, _)| *sequence <= last);
    let new = &entries[known..];
    let mut through = last;
    for (sequence, _) in new {
        if *sequence != through.next() {
            return Ok(Applied::Hole(last));
        }
        through = *sequence;
    }
    // Everything is checked before anything is written. What these entries make is the agent's own.
    for (sequence, entry) in new {
        if !may_report(connection, agent, entry)? {
            return Ok(Applied::NotOwned(*sequence));
        }
    }
    for (_, entry) in new {
        take_in(connection, recordings::Recorded { agent, plan }, entry)?;
    }
    if through != last {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO last_sequence (agent, spool, sequence) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                agent.to_bytes(),
                spool.to_bytes(),
                to_sql(through.0)
            ])?;
    }
    Ok(Applied::Through(through))
}

/// Whether what an entry names is the agent's or nobody's yet.
fn may_report(connection: &Connection, agent: AgentId, entry: &Entry) -> Result<bool, Failure> {
    if let Some(session) = session_of(entry)
        && is_no_session(session)
    {
        // Every agent may report what it cannot tell the session of; none may make it its own.
        return Ok(matches!(entry, Entry::Activity(_)));
    }
    let owner = match entry {
        Entry::SessionOpened(SessionDescription { id, .. }) => recordings::owner(connection, *id)?,
        Entry::Activity(ActivityRecord { session, .. })
        | Entry::Idle(IdleStretch { session, .. })
        | Entry::SessionClosed(SessionEnding { session, .. }) => {
            recordings::owner(connection, *session)?
        }
        Entry::SegmentOpened(SegmentDescription { id, session, .. }) => {
            let owner = segments::owner(connection, *id)?;
            if owner.is_some_and(|owner| owner != agent) {
                return Ok(false);
            }
            recordings::owner(connection, *session)?
        }
        Entry::SegmentLost { segment, .. } => segments::owner(connection, *segment)?,
    };
    Ok(owner.is_none_or(|owner| owner == agent))
}

fn take_in(
    connection: &Connection,
    by: recordings::Recorded,
    entry: &Entry,
) -> Result<(), Failure> {
    match entry {
        Entry::SessionOpened(description) => recordings::open(connection, by, description),
        Entry::Activity(record) if is_no_session(record.session) => {
            health::count_record(connection, record.when)
        }
        Entry::Activity(record) => {
            health::count_record(connection, record.when)?;
            let session = match recordings::row_of(connection, record.session)? {
                Some(session) => session,
                None => recordings::open_unannounced(connection, by, &description_from(record))?,
            };
            recordings::add_activity(connection, session, record)
        }
        Entry::Idle(stretch) => match recordings::row_of(connection, stretch.session)? {
            Some(session) => recordings::add_idle(connection, session, stretch),
            None => Ok(()),
        },
        Entry::SessionClosed(ending) => recordings::close(connection, ending),
        Entry::SegmentOpened(description) => {
            let session = match recordings::row_of(connection, description.session)? {
                Some(session) => session,
                None => {
                    let computer = agents::one(connection, by.agent)?
                        .map(|agent| agent.computer_name)
                        .unwrap_or_default();
                    recordings::open_unannounced(
                        connection,
                        by,
                        &unknown_user(description.session, computer, description.start),
                    )?
                }
            };
            segments::open(connection, session, description)
        }
        Entry::SegmentLost { segment, reason } => segments::lose(connection, *segment, *reason),
    }
}

/// The session that an entry names.
fn session_of(entry: &Entry) -> Option<SessionId> {
    match entry {
        Entry::SessionOpened(description) => Some(description.id),
        Entry::Activity(record) => Some(record.session),
        Entry::Idle(stretch) => Some(stretch.session),
        Entry::SessionClosed(ending) => Some(ending.session),
        Entry::SegmentOpened(description) => Some(description.session),
        Entry::SegmentLost { .. } => None,
    }
}

/// Whether this id stands for none: agents say it of records that were damaged on their disks.
/// INVARIANT: no session has it, since all agents share it.
fn is_no_session(session: SessionId) -> bool {
    session.as_uuid().is_nil()
}

/// What an activity tells of a session whose beginning was lost with a spool.
fn description_from(record: &ActivityRecord) -> SessionDescription {
    SessionDescription {
        who: record.who.clone(),
        origin: match &record.workstation {
            Some(workstation) => SessionOrigin::Remote {
                workstation: workstation.clone(),
            },
            None => SessionOrigin::Local,
        },
        ..unknown_user(record.session, record.where_.clone(), record.when)
    }
}

fn unknown_user(id: SessionId, where_: String, start: Timestamp) -> SessionDescription {
    SessionDescription {
        id,
        who: String::new(),
        where_,
        origin: SessionOrigin::Local,
        display_name: String::new(),
        start,
    }
}
