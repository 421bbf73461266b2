//! Walks one part from its newest rows to its oldest and gives the rows that match.

use std::ops::{ControlFlow, Range};

use rusqlite::Connection;

use super::{
    candidates::Candidates,
    deadline::Deadline,
    dictionary::{ROW_COLUMNS, Row},
    plan::Plan,
};
use crate::sqlite::Failure;

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walked {
    /// All rows of the range were looked at.
    Through,
    /// The visitor had enough.
    Stopped,
    /// The deadline passed; all rows from this position on were looked at.
    Late(i64),
}

/// What is left of a search's allowance to read rows one by one before indexes are asked. The
/// newest rows often have a page of hits, and reading them is cheaper than the indexes.
pub(super) struct Allowance {
    rows: usize,
    /// INVARIANT: a search looks at some rows before its deadline counts, so that each page goes
    /// on from where the last one ended.
    unpunished_rows: usize,
}

impl Allowance {
    /// What a search has. Less in tests: made-up records are few.
    pub const fn of_search() -> Self {
        Self {
            rows: if cfg!(test) { 20 } else { 5_000 },
            unpunished_rows: if cfg!(test) { 3 } else { 500 },
        }
    }

    /// Indexes are asked at once.
    pub const fn none() -> Self {
        Self {
            rows: 0,
            unpunished_rows: 0,
        }
    }
}

/// Gives the rows of a range that match, newest first.
pub(super) fn walk(
    connection: &Connection,
    plan: &mut Plan,
    range: Range<i64>,
    allowance: &mut Allowance,
    deadline: &Deadline<'_>,
    mut visit: impl FnMut(Row) -> Result<ControlFlow<()>, Failure>,
) -> Result<Walked, Failure> {
    let mut walk = Walk {
        connection,
        plan,
        allowance,
        deadline,
        visit: &mut visit,
        looked_at: 0,
    };
    let limit = if walk.plan.asks_only_for_time() {
        usize::MAX
    } else {
        walk.allowance.rows
    };
    let end = match walk.read_all(range.clone(), limit)? {
        Read::Ended(ended) => return Ok(ended),
        Read::UpTo(position) => position,
    };
    let rest = range.start..end;
    match Candidates::find(connection, walk.plan, rest.clone(), deadline)? {
        Candidates::Among(positions) => walk.read_these(&positions),
        Candidates::Anywhere => match walk.read_all(rest, usize::MAX)? {
            Read::Ended(ended) => Ok(ended),
            Read::UpTo(position) => Ok(Walked::Late(position)),
        },
        Candidates::Late => Ok(Walked::Late(end)),
    }
}

struct Walk<'a, V> {
    connection: &'a Connection,
    plan: &'a mut Plan,
    allowance: &'a mut Allowance,
    deadline: &'a Deadline<'a>,
    visit: V,
    looked_at: usize,
}

/// How reading ended.
enum Read {
    Ended(Walked),
    /// At the limit; all rows from this position on were read.
    UpTo(i64),
}

impl<V: FnMut(Row) -> Result<ControlFlow<()>, Failure>> Walk<'_, V> {
    /// Reads at most `limit` rows of a range, newest first.
    fn read_all(&mut self, range: Range<i64>, limit: usize) -> Result<Read, Failure> {
        if limit == 0 {
            return Ok(Read::UpTo(range.end));
        }
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {ROW_COLUMNS} FROM rec WHERE id >= ?1 AND id < ?2 ORDER BY id DESC"
        ))?;
        let mut rows = statement.query([range.start, range.end])?;
        let mut count = 0_usize;
        while let Some(row) = rows.next()? {
            let row = Row::read(row)?;
            let stop = self.look_at(&row)?;
            if let Some(ended) = stop {
                return Ok(Read::Ended(ended));
            }
            count += 1;
            if count >= limit {
                return Ok(Read::UpTo(row.id));
            }
        }
        Ok(Read::Ended(Walked::Through))
    }

    fn read_these(&mut self, positions: &[i64]) -> Result<Walked, Failure> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {ROW_COLUMNS} FROM rec WHERE id = ?1"))?;
        for &position in positions {
            let row = statement.query_row([position], Row::read)?;
            if let Some(ended) = self.look_at(&row)? {
                return Ok(ended);
            }
        }
        Ok(Walked::Through)
    }

    fn look_at(&mut self, row: &Row) -> Result<Option<Walked>, Failure> {
        if self.plan.matches(self.connection, row)? && (self.visit)(*row)?.is_break() {
            return Ok(Some(Walked::Stopped));
        }
        self.looked_at += 1;
        self.allowance.rows = self.allowance.rows.saturating_sub(1);
        if self.allowance.unpunished_rows > 0 {
            self.allowance.unpunished_rows -= 1;
            return Ok(None);
        }
        let is_late = self.looked_at.is_multiple_of(CHECK_EVERY) && self.deadline.is_passed();
        Ok(is_late.then_some(Walked::Late(row.id)))
    }
}

/// Rows between two looks at the clock.
const CHECK_EVERY: usize = 64;
