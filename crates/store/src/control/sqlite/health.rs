//! What agents said last, the health log, and how much was stored on each day.

use std::ops::Range;

use eidetic_model::{AgentId, Timestamp};
use eidetic_search::fold;
use rusqlite::{Connection, Row, params, params_from_iter, types::Value};

use super::{
    codes::{severity, severity_code},
    columns::{id, number, time},
};
use crate::{
    control::{
        AgentStatus, Day, HealthCounts, HealthEvent, HealthFilter, LogMark, SaidStatus, Severity,
        StorageSample,
    },
    sqlite::{Failure, from_sql, to_sql},
};

pub(super) fn keep_status(
    connection: &Connection,
    agent: AgentId,
    said: &SaidStatus,
) -> Result<(), Failure> {
    let status = &said.status;
    let size = |bytes: Option<u64>| bytes.map(to_sql);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO agent_status (agent, at, address, spool_bytes, \
             entries_waiting, segments_waiting, sessions_recorded, sessions_slowed, \
             policy_revision, known_until, clock_ahead, cpu_permille, busiest_permille, \
             memory_bytes, spool_full, disk_free_bytes) \
             SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16 \
             FROM agent WHERE id = ?1",
        )?
        .execute(params![
            agent.to_bytes(),
            said.at.as_unix_micros(),
            said.address,
            to_sql(status.spool_bytes),
            to_sql(status.entries_waiting),
            to_sql(status.segments_waiting),
            status.sessions_recorded,
            status.sessions_slowed,
            to_sql(status.policy_revision),
            status.known_until.map(Timestamp::as_unix_micros),
            status.clock_ahead_micros,
            status.cpu_permille,
            status.busiest_recorder_permille,
            size(status.memory_bytes),
            status.spool_full,
            size(status.disk_free_bytes),
        ])?;
    Ok(())
}

pub(super) fn statuses(connection: &Connection) -> Result<Vec<(AgentId, SaidStatus)>, Failure> {
    connection
        .prepare_cached(
            "SELECT agent, at, address, spool_bytes, entries_waiting, segments_waiting, \
             sessions_recorded, sessions_slowed, policy_revision, known_until, clock_ahead, \
             cpu_permille, busiest_permille, memory_bytes, spool_full, disk_free_bytes \
             FROM agent_status",
        )?
        .query_and_then([], |row| {
            let agent = id(row, 0, AgentId::from_slice)?;
            let size = |column| -> Result<Option<u64>, Failure> {
                Ok(row.get::<_, Option<i64>>(column)?.map(from_sql))
            };
            let known_until: Option<i64> = row.get(9)?;
            let status = AgentStatus {
                spool_bytes: number(row, 3)?,
                entries_waiting: number(row, 4)?,
                segments_waiting: number(row, 5)?,
                sessions_recorded: row.get(6)?,
                sessions_slowed: row.get(7)?,
                policy_revision: number(row, 8)?,
                known_until: known_until.map(Timestamp::from_unix_micros),
                clock_ahead_micros: row.get(10)?,
                cpu_permille: row.get(11)?,
                busiest_recorder_permille: row.get(12)?,
                memory_bytes: size(13)?,
                spool_full: row.get(14)?,
                disk_free_bytes: size(15)?,
            };
            let said = SaidStatus {
                at: time(row, 1)?,
                address: row.get(2)?,
                status,
            };
            Ok((agent, said))
        })?
        .collect()
}

pub(super) fn note(connection: &Connection, events: &[HealthEvent]) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO health_event (time, severity, kind, agent, computer, folded_computer, plan, \
         folded_plan, text, before, after) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for event in events {
        insert.execute(params![
            event.when.as_unix_micros(),
            severity_code(event.severity),
            event.kind,
            event.agent.map(AgentId::to_bytes),
            event.computer,
            fold(&event.computer),
            event.plan,
            fold(&event.plan),
            event.text,
            event.before,
            event.after,
        ])?;
    }
    Ok(())
}

pub(super) fn events(
    connection: &Connection,
    filter: &HealthFilter,
    before: Option<LogMark>,
    limit: usize,
) -> Result<Vec<(LogMark, HealthEvent)>, Failure> {
    let mut conditions = Conditions::default();
    conditions.any_of(
        "severity",
        filter
            .severities
            .iter()
            .map(|severity| severity_code(*severity)),
    );
    conditions.any_of("kind", filter.kinds.iter().cloned());
    if let Some(agent) = filter.agent {
        conditions.add("agent = ?", [agent.to_bytes().to_vec().into()]);
    }
    for (column, wanted) in [
        ("folded_computer", &filter.computer),
        ("folded_plan", &filter.plan),
    ] {
        if !wanted.is_empty() {
            conditions.add(&format!("instr({column}, ?) > 0"), [fold(wanted).into()]);
        }
    }
    if let Some(from) = filter.from {
        conditions.add("time >= ?", [from.as_unix_micros().into()]);
    }
    if let Some(until) = filter.until {
        conditions.add("time < ?", [until.as_unix_micros().into()]);
    }
    if let Some(mark) = before {
        let values = [mark.when.as_unix_micros().into(), mark.number.into()];
        conditions.add("(time, id) < (?, ?)", values);
    }
    let (clause, mut values) = conditions.into_parts();
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    connection
        .prepare_cached(&format!(
            "SELECT id, time, severity, kind, agent, computer, plan, text, before, after \
             FROM health_event {clause} ORDER BY time DESC, id DESC LIMIT ?"
        ))?
        .query_and_then(params_from_iter(values), read)?
        .collect()
}

pub(super) fn counts(
    connection: &Connection,
    within: &Range<Timestamp>,
) -> Result<HealthCounts, Failure> {
    let mut counts = HealthCounts::default();
    let mut query = connection.prepare_cached(
        "SELECT severity, count(*) FROM health_event WHERE time >= ?1 AND time < ?2 \
         GROUP BY severity",
    )?;
    let mut rows = query.query([within.start.as_unix_micros(), within.end.as_unix_micros()])?;
    while let Some(row) = rows.next()? {
        let count = number(row, 1)?;
        match severity(row.get(0)?)? {
            Severity::Information => counts.information = count,
            Severity::Warning => counts.warning = count,
            Severity::Error => counts.error = count,
        }
    }
    Ok(counts)
}

pub(super) fn forget(
    connection: &Connection,
    before: Timestamp,
    keep_at_most: u64,
) -> Result<u64, Failure> {
    let old = connection
        .prepare_cached("DELETE FROM health_event WHERE time < ?1")?
        .execute([before.as_unix_micros()])?;
    let too_many = connection
        .prepare_cached(
            "DELETE FROM health_event WHERE (time, id) <= \
             (SELECT time, id FROM health_event ORDER BY time DESC, id DESC LIMIT 1 OFFSET ?1)",
        )?
        .execute([to_sql(keep_at_most)])?;
    Ok((old + too_many) as u64)
}

/// Counts an activity record on the day of its own time.
pub(super) fn count_record(connection: &Connection, when: Timestamp) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO records_of_day (day, records) VALUES (?1, 1) \
             ON CONFLICT (day) DO UPDATE SET records = records + 1",
        )?
        .execute([Day::of(when).0])?;
    Ok(())
}

pub(super) fn records_by_day(
    connection: &Connection,
    days: &Range<Day>,
) -> Result<Vec<(Day, u64)>, Failure> {
    connection
        .prepare_cached(
            "SELECT day, records FROM records_of_day WHERE day >= ?1 AND day < ?2 ORDER BY day",
        )?
        .query_and_then([days.start.0, days.end.0], |row| {
            Ok((Day(row.get(0)?), number(row, 1)?))
        })?
        .collect()
}

pub(super) fn put_sample(connection: &Connection, sample: StorageSample) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO storage_of_day (day, audit_bytes, segment_bytes, free_bytes) \
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            sample.day.0,
            to_sql(sample.audit_bytes),
            to_sql(sample.segment_bytes),
            to_sql(sample.free_bytes),
        ])?;
    Ok(())
}

pub(super) fn samples(connection: &Connection, since: Day) -> Result<Vec<StorageSample>, Failure> {
    connection
        .prepare_cached(
            "SELECT day, audit_bytes, segment_bytes, free_bytes FROM storage_of_day \
             WHERE day >= ?1 ORDER BY day",
        )?
        .query_and_then([since.0], |row| {
            Ok(StorageSample {
                day: Day(row.get(0)?),
                audit_bytes: number(row, 1)?,
                segment_bytes: number(row, 2)?,
                free_bytes: number(row, 3)?,
            })
        })?
        .collect()
}

fn read(row: &Row<'_>) -> Result<(LogMark, HealthEvent), Failure> {
    let mark = LogMark {
        when: time(row, 1)?,
        number: row.get(0)?,
    };
    let agent = match row.get::<_, Option<Vec<u8>>>(4)? {
        None => None,
        Some(_) => Some(id(row, 4, AgentId::from_slice)?),
    };
    let event = HealthEvent {
        when: mark.when,
        severity: severity(row.get(2)?)?,
        kind: row.get(3)?,
        agent,
        computer: row.get(5)?,
        plan: row.get(6)?,
        text: row.get(7)?,
        before: row.get(8)?,
        after: row.get(9)?,
    };
    Ok((mark, event))
}

/// The conditions of a query, all of which must hold, with their values.
#[derive(Default)]
pub(super) struct Conditions {
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition with a `?` for each of these values.
    pub(super) fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.parts.push(condition.to_owned());
        self.values.extend(values);
    }

    /// The column has one of these values; any if there are none.
    pub(super) fn any_of<V: Into<Value>>(&mut self, column: &str, values: impl Iterator<Item = V>) {
        let values: Vec<Value> = values.map(Into::into).collect();
        if !values.is_empty() {
            let places = vec!["?"; values.len()].join(", ");
            self.add(&format!("{column} IN ({places})"), values);
        }
    }

    /// The clause, which may be empty, and its values.
    pub(super) fn into_parts(self) -> (String, Vec<Value>) {
        match self.parts.is_empty() {
            true => (String::new(), self.values),
            false => (format!("WHERE {}", self.parts.join(" AND ")), self.values),
        }
    }
}
