//! Where in a part the rows that match can be: found on its indexes, the cheapest way first.

use std::{collections::HashSet, ops::Range};

use eidetic_search::{Operator, fold};
use rusqlite::Connection;

use super::{
    deadline::Deadline,
    dictionary::{index_text, kind_number},
    plan::{Plan, Term, session_kind},
};
use crate::sqlite::Failure;

/// Where the rows that match are.
pub(super) enum Candidates {
    /// Among these positions, newest first.
    Among(Vec<i64>),
    /// Anywhere: no index tells more than reading all rows.
    Anywhere,
    /// The deadline passed before this was known.
    Late,
}

impl Candidates {
    /// Finds where the rows of a range can be that match.
    pub fn find(
        connection: &Connection,
        plan: &Plan,
        range: Range<i64>,
        deadline: &Deadline<'_>,
    ) -> Result<Self, Failure> {
        let size = Size::of(connection)?;
        let mut best: Option<(i64, Source)> = None;
        let mut sources: Vec<Box<dyn Fn() -> Result<Narrowed, Failure> + '_>> =
            vec![Box::new(|| sessions_of_fields(connection, plan))];
        if !plan.title.positive.is_empty() {
            sources.push(Box::new(|| {
                titles_of_field(connection, plan, &size, deadline)
            }));
        }
        for term in &plan.terms {
            let size = &size;
            sources.push(Box::new(move || {
                source_of_term(connection, term, size, deadline)
            }));
        }
        for source in sources {
            if best.as_ref().is_some_and(|(rows, _)| *rows <= FEW_ROWS) {
                break;
            }
            match source()? {
                Narrowed::To(source) => {
                    let rows = size.rows_of(&source);
                    if best.as_ref().is_none_or(|(least, _)| rows < *least) {
                        best = Some((rows, source));
                    }
                }
                Narrowed::Not => {}
                Narrowed::Late => return Ok(Self::Late),
            }
        }
        match best {
            Some((rows, source)) if rows <= size.rows / WORTHWHILE_SHARE + FEW_ROWS => {
                source.positions(connection, range, deadline)
            }
            _ => Ok(Self::Anywhere),
        }
    }
}

/// Rows among which are all that match: those of these sessions and those with these titles.
#[derive(Default)]
struct Source {
    sessions: Vec<i64>,
    titles: Vec<i64>,
}

/// What an index tells.
enum Narrowed {
    To(Source),
    Not,
    Late,
}

impl Source {
    fn positions(
        &self,
        connection: &Connection,
        range: Range<i64>,
        deadline: &Deadline<'_>,
    ) -> Result<Candidates, Failure> {
        let mut positions = Vec::<i64>::new();
        for (query, keys) in [
            (
                "SELECT id FROM rec INDEXED BY rec_session \
                 WHERE session = ?1 AND id >= ?2 AND id < ?3",
                &self.sessions,
            ),
            (
                "SELECT id FROM rec INDEXED BY rec_title \
                 WHERE title = ?1 AND id >= ?2 AND id < ?3",
                &self.titles,
            ),
        ] {
            let mut statement = connection.prepare_cached(query)?;
            for (count, &key) in keys.iter().enumerate() {
                if count % CHECK_EVERY == CHECK_EVERY - 1 && deadline.is_passed() {
                    return Ok(Candidates::Late);
                }
                let mut rows = statement.query([key, range.start, range.end])?;
                while let Some(row) = rows.next()? {
                    positions.push(row.get(0)?);
                    if positions.len() > MAX_POSITIONS {
                        return Ok(Candidates::Anywhere);
                    }
                }
            }
        }
        positions.sort_unstable_by(|a, b| b.cmp(a));
        positions.dedup();
        Ok(Candidates::Among(positions))
    }
}

/// How large a part is, to tell what is worth an index.
struct Size {
    rows: i64,
    titles: i64,
    sessions: i64,
}

impl Size {
    fn of(connection: &Connection) -> Result<Self, Failure> {
        let number = |query: &str, parameter: Option<i64>| -> Result<i64, Failure> {
            let number: Option<i64> = connection
                .prepare_cached(query)?
                .query_row(rusqlite::params_from_iter(parameter), |row| row.get(0))?;
            Ok(number.unwrap_or(0).max(1))
        };
        Ok(Self {
            rows: number("SELECT records FROM part", None)?,
            // The greatest number: near enough, and at the end of a B-tree.
            titles: number("SELECT max(id) FROM title", None)?,
            sessions: number(
                "SELECT count(*) FROM dim WHERE kind = ?1",
                Some(kind_number(session_kind())),
            )?,
        })
    }

    /// About how many rows a source gives.
    fn rows_of(&self, source: &Source) -> i64 {
        let share = |count: usize, of: i64| {
            i64::try_from(count)
                .unwrap_or(i64::MAX)
                .saturating_mul(self.rows)
                / of
        };
        share(source.sessions.len(), self.sessions)
            .saturating_add(share(source.titles.len(), self.titles))
    }
}

/// The sessions in which all fields have been seen with a value that was named.
fn sessions_of_fields(connection: &Connection, plan: &Plan) -> Result<Narrowed, Failure> {
    let mut common: Option<HashSet<i64>> = None;
    for allowed in plan.dims.iter().filter(|allowed| allowed.is_positive) {
        let sessions = if allowed.kind == session_kind() {
            allowed.ids.clone()
        } else {
            sessions_with(connection, &allowed.ids)?
        };
        common = Some(match common {
            None => sessions,
            Some(common) => common.intersection(&sessions).copied().collect(),
        });
    }
    Ok(common.map_or(Narrowed::Not, |sessions| {
        Narrowed::To(Source {
            sessions: sessions.into_iter().collect(),
            titles: Vec::new(),
        })
    }))
}

fn titles_of_field(
    connection: &Connection,
    plan: &Plan,
    size: &Size,
    deadline: &Deadline<'_>,
) -> Result<Narrowed, Failure> {
    titles(connection, &plan.title.positive, size, deadline)
}

/// The sessions in which the term was seen, and the titles that contain it.
fn source_of_term(
    connection: &Connection,
    term: &Term,
    size: &Size,
    deadline: &Deadline<'_>,
) -> Result<Narrowed, Failure> {
    let sessions: Vec<i64> = sessions_with(connection, &term.dims)?.into_iter().collect();
    let sessions_alone = Source {
        sessions,
        titles: Vec::new(),
    };
    if size.rows_of(&sessions_alone) > size.rows / WORTHWHILE_SHARE + FEW_ROWS {
        return Ok(Narrowed::Not);
    }
    let contains = [(Operator::Contains, term.folded.clone())];
    Ok(match titles(connection, &contains, size, deadline)? {
        Narrowed::To(Source { titles, .. }) => Narrowed::To(Source {
            titles,
            ..sessions_alone
        }),
        other => other,
    })
}

fn sessions_with(connection: &Connection, dims: &HashSet<i64>) -> Result<HashSet<i64>, Failure> {
    let mut statement = connection.prepare_cached("SELECT session FROM seen WHERE dim = ?1")?;
    let mut sessions = HashSet::new();
    for dim in dims {
        let mut rows = statement.query([dim])?;
        while let Some(row) = rows.next()? {
            sessions.insert(row.get(0)?);
        }
    }
    Ok(sessions)
}

/// The titles for which one of the conditions can hold.
fn titles(
    connection: &Connection,
    conditions: &[(Operator, String)],
    size: &Size,
    deadline: &Deadline<'_>,
) -> Result<Narrowed, Failure> {
    let holds_for_all =
        |(operator, value): &(Operator, String)| value.is_empty() && *operator != Operator::Equals;
    if conditions.iter().any(holds_for_all) {
        return Ok(Narrowed::Not);
    }
    if conditions
        .iter()
        .all(|(_, value)| value.chars().count() >= TRIGRAM)
    {
        titles_by_index(connection, conditions, size, deadline)
    } else {
        titles_by_reading(connection, conditions, size, deadline)
    }
}

/// Asks the trigram index. It tells containment: more than the conditions let through.
fn titles_by_index(
    connection: &Connection,
    conditions: &[(Operator, String)],
    size: &Size,
    deadline: &Deadline<'_>,
) -> Result<Narrowed, Failure> {
    let phrases: Vec<_> = conditions
        .iter()
        .map(|(_, value)| {
            let start: String = value.chars().take(MAX_PHRASE).collect();
            format!("\"{}\"", index_text(&start).replace('"', "\"\""))
        })
        .collect();
    let mut statement = connection.prepare_cached("SELECT rowid FROM fts WHERE fts MATCH ?1")?;
    let mut rows = statement.query([phrases.join(" OR ")])?;
    let mut titles = Gathered::new(size, deadline);
    while let Some(row) = rows.next()? {
        if let Some(ended) = titles.add(Some(row.get(0)?)) {
            return Ok(ended);
        }
    }
    Ok(titles.done())
}

/// Reads all titles: for terms that are shorter than the index's.
fn titles_by_reading(
    connection: &Connection,
    conditions: &[(Operator, String)],
    size: &Size,
    deadline: &Deadline<'_>,
) -> Result<Narrowed, Failure> {
    let mut statement = connection.prepare_cached("SELECT id, v FROM title")?;
    let mut rows = statement.query([])?;
    let mut titles = Gathered::new(size, deadline);
    while let Some(row) = rows.next()? {
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let folded = fold(text);
        let holds = conditions
            .iter()
            .any(|(operator, value)| operator.holds(&folded, value));
        let title = if holds { Some(row.get(0)?) } else { None };
        if let Some(ended) = titles.add(title) {
            return Ok(ended);
        }
    }
    Ok(titles.done())
}

/// Titles as they are found, until there are too many to be worthwhile or it is too late.
struct Gathered<'d> {
    titles: Vec<i64>,
    seen: usize,
    most: usize,
    deadline: &'d Deadline<'d>,
}

impl<'d> Gathered<'d> {
    fn new(size: &Size, deadline: &'d Deadline<'d>) -> Self {
        let most = size.titles / WORTHWHILE_SHARE + FEW_ROWS;
        Self {
            titles: Vec::new(),
            seen: 0,
            most: usize::try_from(most).unwrap_or(usize::MAX),
            deadline,
        }
    }

    fn add(&mut self, title: Option<i64>) -> Option<Narrowed> {
        self.titles.extend(title);
        self.seen += 1;
        if self.titles.len() > self.most {
            Some(Narrowed::Not)
        } else if self.seen.is_multiple_of(CHECK_EVERY) && self.deadline.is_passed() {
            Some(Narrowed::Late)
        } else {
            None
        }
    }

    fn done(self) -> Narrowed {
        Narrowed::To(Source {
            sessions: Vec::new(),
            titles: self.titles,
        })
    }
}

/// Characters in a term of the index.
const TRIGRAM: usize = 3;
/// Characters of a term that the index is asked for; the rest is compared.
const MAX_PHRASE: usize = 32;
/// So few rows are read without looking for fewer.
const FEW_ROWS: i64 = if cfg!(test) { 20 } else { 2_000 };
/// An index that leaves more than one row in this many is not worth its seeks.
const WORTHWHILE_SHARE: i64 = 4;
const MAX_POSITIONS: usize = 1_000_000;
const CHECK_EVERY: usize = 256;
