//! Which sequences of which spools are stored in a part, as ranges.

use std::collections::BTreeMap;

use eidetic_model::{AgentId, SpoolId};
use rusqlite::{Connection, params};

use crate::sqlite::Failure;

/// The ranges of one spool that touch a batch. What is added is written by [`Ingested::store`].
pub(super) struct Ingested {
    agent: [u8; 16],
    spool: [u8; 16],
    /// First to last, both inside; disjoint and not adjacent.
    ranges: BTreeMap<i64, i64>,
    added: bool,
}

impl Ingested {
    /// Reads the ranges that overlap or touch `first..=last`.
    pub fn load(
        connection: &Connection,
        agent: AgentId,
        spool: SpoolId,
        first: i64,
        last: i64,
    ) -> Result<Self, Failure> {
        let (agent, spool) = (agent.to_bytes(), spool.to_bytes());
        let mut statement = connection.prepare_cached(
            "SELECT first, last FROM ingested WHERE agent = ?1 AND spool = ?2 AND first <= ?4 \
             AND first >= coalesce((SELECT max(first) FROM ingested \
                 WHERE agent = ?1 AND spool = ?2 AND first <= ?3), ?3)",
        )?;
        let ranges = statement
            .query_map(
                params![agent, spool, first, last.saturating_add(1)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .collect::<Result<_, _>>()?;
        Ok(Self {
            agent,
            spool,
            ranges,
            added: false,
        })
    }

    /// Whether a sequence is there.
    pub fn contains(&self, sequence: i64) -> bool {
        let before = self.ranges.range(..=sequence).next_back();
        before.is_some_and(|(_, &last)| sequence <= last)
    }

    /// Adds a sequence; `false` if it was there.
    pub fn insert(&mut self, sequence: i64) -> bool {
        let before = self.ranges.range(..=sequence).next_back();
        let mut first = sequence;
        if let Some((&start, &last)) = before {
            if sequence <= last {
                return false;
            }
            if last + 1 == sequence {
                first = start;
            }
        }
        let last = sequence
            .checked_add(1)
            .and_then(|next| self.ranges.remove(&next))
            .unwrap_or(sequence);
        self.ranges.insert(first, last);
        self.added = true;
        true
    }

    /// Writes the ranges, in the transaction of the records.
    pub fn store(self, connection: &Connection) -> Result<(), Failure> {
        let (Some((first, _)), Some((_, last))) =
            (self.ranges.first_key_value(), self.ranges.last_key_value())
        else {
            return Ok(());
        };
        if !self.added {
            return Ok(());
        }
        connection
            .prepare_cached(
                "DELETE FROM ingested WHERE agent = ?1 AND spool = ?2 AND first BETWEEN ?3 AND ?4",
            )?
            .execute(params![self.agent, self.spool, first, last])?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO ingested (agent, spool, first, last) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (first, last) in &self.ranges {
            insert.execute(params![self.agent, self.spool, first, last])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::sqlite::schema::MIGRATIONS;

    fn add(connection: &Connection, sequences: &[i64]) -> Vec<bool> {
        let (first, last) = (sequences[0], sequences[sequences.len() - 1]);
        let mut ingested = Ingested::load(connection, agent(), spool(), first, last).unwrap();
        let added = sequences.iter().map(|&s| ingested.insert(s)).collect();
        ingested.store(connection).unwrap();
        added
    }

    fn agent() -> AgentId {
        AgentId::from_slice(&[1; 16]).unwrap()
    }

    fn spool() -> SpoolId {
        SpoolId::from_slice(&[2; 16]).unwrap()
    }

    #[test]
    fn ranges_grow_merge_and_know_each_sequence_once() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        assert_eq!(add(&connection, &[1, 2, 4]), [true, true, true]);
        assert_eq!(add(&connection, &[2, 3]), [false, true]);
        assert_eq!(add(&connection, &[10, 11]), [true, true]);
        assert_eq!(add(&connection, &[4, 5, 9]), [false, true, true]);
        assert_eq!(add(&connection, &[i64::MAX]), [true]);
        let ranges: Vec<(i64, i64)> = connection
            .prepare("SELECT first, last FROM ingested ORDER BY first")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(ranges, [(1, 5), (9, 11), (i64::MAX, i64::MAX)]);
    }
}
