//! Searching, counting and measuring over all parts.

use std::{
    collections::HashMap,
    ops::{ControlFlow, Range},
};

use eidetic_model::{ActivityRecord, Clock, SessionId, Timestamp};
use eidetic_search::{Field, Filter, Mark};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    deadline::Deadline,
    dictionary::{Dictionary, ROW_COLUMNS, Row, hash, kind_number, kind_of},
    parts::Parts,
    plan::{Plan, session_kind},
    scan::{Allowance, Walked, walk},
};
use crate::{
    audit::{
        AuditHealth, Page, PageOf, most_frequent,
        position::{self, Month},
    },
    sqlite::{Failure, from_sql},
};

/// One caller's reading.
pub(super) struct Reading<'a> {
    pub parts: &'a Parts,
    pub clock: &'a dyn Clock,
}

impl Reading<'_> {
    pub fn search(&self, filter: &Filter, page: &Page) -> Result<PageOf, Failure> {
        let deadline = Deadline::after(self.clock, page.deadline);
        let limit = page.records();
        let wanted = position::positions(filter.from, filter.until);
        let before = page.after.map_or(i64::MAX, |mark| mark.position);
        let mut allowance = Allowance::of_search();
        let mut records = Vec::new();
        for (month, range) in self.parts_in(&wanted, &(0..before)).into_iter().rev() {
            let walked = self.in_part(month, Walked::Through, |connection| {
                let Some(mut plan) = Plan::resolve(connection, filter)? else {
                    return Ok(Walked::Through);
                };
                let mut rows = Vec::new();
                let room = limit - records.len();
                let walked = walk(
                    connection,
                    &mut plan,
                    range.clone(),
                    &mut allowance,
                    &deadline,
                    |row| {
                        rows.push(row);
                        Ok(if rows.len() >= room {
                            ControlFlow::Break(())
                        } else {
                            ControlFlow::Continue(())
                        })
                    },
                )?;
                add_records(connection, &rows, &mut records)?;
                Ok(walked)
            })?;
            let next = match walked {
                Walked::Stopped => return Ok(PageOf::full_at(limit, records)),
                Walked::Late(position) => position,
                Walked::Through if deadline.is_passed() => range.start,
                Walked::Through => continue,
            };
            return Ok(PageOf {
                records,
                next: Some(Mark { position: next }),
            });
        }
        Ok(PageOf {
            records,
            next: None,
        })
    }

    pub fn count(
        &self,
        filter: &Filter,
        by: Field,
        top: usize,
    ) -> Result<Vec<(String, u64)>, Failure> {
        let wanted = position::positions(filter.from, filter.until);
        let mut counts = HashMap::<String, u64>::new();
        for (month, range) in self.parts_in(&wanted, &(0..i64::MAX)) {
            self.in_part(month, (), |connection| {
                let Some(mut plan) = Plan::resolve(connection, filter)? else {
                    return Ok(());
                };
                let mut ids = HashMap::<i64, u64>::new();
                walk(
                    connection,
                    &mut plan,
                    range,
                    &mut Allowance::none(),
                    &Deadline::never(),
                    |row| {
                        let id = kind_of(by).map_or(row.title, |kind| row.dims[kind]);
                        *ids.entry(id).or_default() += 1;
                        Ok(ControlFlow::Continue(()))
                    },
                )?;
                let mut dictionary = Dictionary::new(connection);
                for (id, count) in ids {
                    let text = match by {
                        Field::What => dictionary.title(id)?,
                        _ => dictionary.value(id)?.text.clone(),
                    };
                    *counts.entry(text).or_default() += count;
                }
                Ok(())
            })?;
        }
        Ok(most_frequent(counts, top))
    }

    pub fn timeline(
        &self,
        session: SessionId,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<PageOf, Failure> {
        let limit = limit.clamp(1, crate::audit::MAX_PAGE_RECORDS);
        let wanted = position::positions(None, None);
        let after = after.map_or(0, |mark| mark.position.saturating_add(1));
        let session = session.to_string();
        let mut records = Vec::new();
        for (month, range) in self.parts_in(&wanted, &(after..i64::MAX)) {
            self.in_part(month, (), |connection| {
                let rows = rows_of_session(connection, &session, &range, limit - records.len())?;
                add_records(connection, &rows, &mut records)
            })?;
            if records.len() >= limit {
                break;
            }
        }
        Ok(PageOf::full_at(limit, records))
    }

    pub fn health(&self) -> Result<AuditHealth, Failure> {
        let mut health = AuditHealth {
            bytes: self.parts.bytes()?,
            ..AuditHealth::default()
        };
        for month in self.parts.months() {
            self.in_part(month, (), |connection| {
                let records = connection
                    .prepare_cached("SELECT records FROM part")?
                    .query_row([], |row| row.get(0))?;
                health.records += from_sql(records);
                if let Some(Range { start, end }) = extent(connection)? {
                    let oldest = health.range.as_ref().map_or(start, |range| range.start);
                    health.range = Some(oldest..end);
                }
                Ok(())
            })?;
        }
        Ok(health)
    }

    /// The parts that have positions of a range of times, and within marks, oldest first, each with
    /// its share of them.
    fn parts_in(&self, times: &Range<i64>, marks: &Range<i64>) -> Vec<(Month, Range<i64>)> {
        self.parts
            .months()
            .into_iter()
            .map(|month| {
                let all = month.positions();
                let range = match month.is_end() {
                    true => all,
                    false => common(&all, times),
                };
                (month, common(&range, marks))
            })
            .filter(|(_, range)| !range.is_empty())
            .collect()
    }

    /// Reads one part as it is at this moment: words and rows fit each other.
    fn in_part<T>(
        &self,
        month: Month,
        if_gone: T,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(reader) = self.parts.reader(month)? else {
            return Ok(if_gone);
        };
        let transaction = reader.unchecked_transaction()?;
        let result = read(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

fn common(one: &Range<i64>, other: &Range<i64>) -> Range<i64> {
    one.start.max(other.start)..one.end.min(other.end)
}

fn add_records(
    connection: &Connection,
    rows: &[Row],
    records: &mut Vec<(Mark, ActivityRecord)>,
) -> Result<(), Failure> {
    let mut dictionary = Dictionary::new(connection);
    for row in rows {
        records.push((Mark { position: row.id }, dictionary.record(row)?));
    }
    Ok(())
}

fn rows_of_session(
    connection: &Connection,
    session: &str,
    range: &Range<i64>,
    limit: usize,
) -> Result<Vec<Row>, Failure> {
    let id: Option<i64> = connection
        .prepare_cached("SELECT id FROM dim WHERE kind = ?1 AND h = ?2 AND v = ?3")?
        .query_row(
            params![kind_number(session_kind()), hash(session), session],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id else {
        return Ok(Vec::new());
    };
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {ROW_COLUMNS} FROM rec INDEXED BY rec_session \
             WHERE session = ?1 AND id >= ?2 AND id < ?3 \
             ORDER BY id LIMIT ?4"
        ))?
        .query_map(
            params![
                id,
                range.start,
                range.end,
                i64::try_from(limit).unwrap_or(i64::MAX)
            ],
            Row::read,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// The times of the first and the last record.
fn extent(connection: &Connection) -> Result<Option<Range<Timestamp>>, Failure> {
    let time = |order: &str| -> Result<Option<Timestamp>, Failure> {
        let row = connection
            .prepare_cached(&format!(
                "SELECT {ROW_COLUMNS} FROM rec ORDER BY id {order} LIMIT 1"
            ))?
            .query_row([], Row::read)
            .optional()?;
        Ok(row.map(|row| row.when))
    };
    Ok(time("ASC")?
        .zip(time("DESC")?)
        .map(|(first, last)| first..last))
}
