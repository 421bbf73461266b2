//! What agents told of the prerequisites of their computers.

use eidetic_model::{AdjustmentId, AdjustmentRecord, AgentId, Timestamp, UnmetCheck};
use rusqlite::{Connection, params};

use super::columns::{id, time};
use crate::{
    control::{KnownChecks, KnownUnmet},
    sqlite::Failure,
};

/// Inside of a transaction.
pub(super) fn keep(
    connection: &Connection,
    agent: AgentId,
    at: Timestamp,
    unmet: &[UnmetCheck],
) -> Result<(), Failure> {
    let before = unmet_of(connection, agent)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO check_report (agent, time) VALUES (?1, ?2)")?
        .execute(params![agent.to_bytes(), at.as_unix_micros()])?;
    connection
        .prepare_cached("DELETE FROM unmet_check WHERE agent = ?1")?
        .execute([agent.to_bytes()])?;
    for check in unmet {
        let known = before.iter().find(|known| known.check.check == check.check);
        let since = known.map_or(at, |known| known.since);
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO unmet_check (agent, name, found, by_hand, since) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                agent.to_bytes(),
                check.check,
                check.found,
                check.by_hand.join("\n"),
                since.as_unix_micros(),
            ])?;
    }
    Ok(())
}

pub(super) fn all(connection: &Connection) -> Result<Vec<KnownChecks>, Failure> {
    let reports = connection
        .prepare_cached("SELECT agent, time FROM check_report ORDER BY agent")?
        .query_and_then([], |row| {
            Ok::<_, Failure>((id(row, 0, AgentId::from_slice)?, time(row, 1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let known = reports.into_iter().map(|(agent, at)| {
        Ok(KnownChecks {
            agent,
            at,
            unmet: unmet_of(connection, agent)?,
        })
    });
    known.collect()
}

pub(super) fn note_adjustment(
    connection: &Connection,
    agent: AgentId,
    adjustment: &AdjustmentRecord,
) -> Result<(), Failure> {
    // One that is told twice is kept once.
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO adjustment (id, agent, time, name, before, after, problem) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            adjustment.id.to_bytes(),
            agent.to_bytes(),
            adjustment.at.as_unix_micros(),
            adjustment.check,
            adjustment.before,
            adjustment.after,
            adjustment.problem,
        ])?;
    Ok(())
}

pub(super) fn adjustments(
    connection: &Connection,
    agent: AgentId,
    limit: usize,
) -> Result<Vec<AdjustmentRecord>, Failure> {
    connection
        .prepare_cached(
            "SELECT id, time, name, before, after, problem FROM adjustment \
             WHERE agent = ?1 ORDER BY time DESC, id DESC LIMIT ?2",
        )?
        .query_and_then(
            params![agent.to_bytes(), i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| {
                Ok(AdjustmentRecord {
                    id: id(row, 0, AdjustmentId::from_slice)?,
                    at: time(row, 1)?,
                    check: row.get(2)?,
                    before: row.get(3)?,
                    after: row.get(4)?,
                    problem: row.get(5)?,
                })
            },
        )?
        .collect()
}

fn unmet_of(connection: &Connection, agent: AgentId) -> Result<Vec<KnownUnmet>, Failure> {
    connection
        .prepare_cached(
            "SELECT name, found, by_hand, since FROM unmet_check WHERE agent = ?1 ORDER BY name",
        )?
        .query_and_then([agent.to_bytes()], |row| {
            let by_hand: String = row.get(2)?;
            Ok(KnownUnmet {
                check: UnmetCheck {
                    check: row.get(0)?,
                    found: row.get(1)?,
                    by_hand: by_hand.lines().map(str::to_owned).collect(),
                },
                since: time(row, 3)?,
            })
        })?
        .collect()
}
