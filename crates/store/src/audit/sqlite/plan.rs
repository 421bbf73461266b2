//! A filter, resolved on one part's dictionary: which rows match, and where they can be.

use std::collections::{HashMap, HashSet};

use eidetic_model::Timestamp;
use eidetic_search::{Condition, Field, Filter, Operator, fold};
use rusqlite::{Connection, params};

use super::dictionary::{KINDS, Row, hash, kind_number, kind_of, title};
use crate::sqlite::Failure;

/// A filter in terms of one part's numbers.
pub(super) struct Plan {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    pub dims: Vec<Allowed>,
    pub title: TitleTest,
    pub terms: Vec<Term>,
}

/// The values that a field may have.
pub(super) struct Allowed {
    pub kind: usize,
    pub ids: HashSet<i64>,
    /// Whether the values were named, and not only what they must not be.
    pub is_positive: bool,
}

/// A term of free text.
pub(super) struct Term {
    pub folded: String,
    /// The values that contain it, of any field.
    pub dims: HashSet<i64>,
    known: HashMap<i64, bool>,
}

/// What is asked of a title.
#[derive(Default)]
pub(super) struct TitleTest {
    negative: Vec<(Operator, String)>,
    pub positive: Vec<(Operator, String)>,
    known: HashMap<i64, bool>,
}

impl Plan {
    /// Resolves a filter; `None` if nothing in this part can match.
    pub fn resolve(connection: &Connection, filter: &Filter) -> Result<Option<Self>, Failure> {
        let mut terms: Vec<_> = filter
            .free_text
            .iter()
            .map(|term| fold(term))
            .filter(|term| !term.is_empty())
            .map(|folded| Term {
                folded,
                dims: HashSet::new(),
                known: HashMap::new(),
            })
            .collect();
        let mut dims = Vec::new();
        for (kind, field) in KINDS.into_iter().enumerate() {
            let test = FieldTest::of(filter, field);
            let has_terms = !terms.is_empty() && Field::FREE_TEXT.contains(&field);
            if test.is_trivial() && !has_terms {
                continue;
            }
            let mut ids = HashSet::new();
            for_each_value(connection, kind, &test, has_terms, |id, folded| {
                if test.holds(folded) {
                    ids.insert(id);
                }
                if has_terms {
                    for term in &mut terms {
                        if folded.contains(&term.folded) {
                            term.dims.insert(id);
                        }
                    }
                }
            })?;
            if !test.is_trivial() {
                if ids.is_empty() {
                    return Ok(None);
                }
                dims.push(Allowed {
                    kind,
                    ids,
                    is_positive: !test.positive.is_empty(),
                });
            }
        }
        let title = FieldTest::of(filter, Field::What);
        Ok(Some(Self {
            from: filter.from,
            until: filter.until,
            dims,
            title: TitleTest {
                negative: title.negative,
                positive: title.positive,
                known: HashMap::new(),
            },
            terms,
        }))
    }

    /// Whether a row matches.
    pub fn matches(&mut self, connection: &Connection, row: &Row) -> Result<bool, Failure> {
        if self.from.is_some_and(|from| row.when < from)
            || self.until.is_some_and(|until| row.when >= until)
            || !self
                .dims
                .iter()
                .all(|allowed| allowed.ids.contains(&row.dims[allowed.kind]))
        {
            return Ok(false);
        }
        if !self.title.is_trivial() {
            let title_test = &self.title;
            let holds = known(&title_test.known, row.title);
            let holds = match holds {
                Some(holds) => holds,
                None => {
                    let holds = title_test.holds(&fold(&title(connection, row.title)?));
                    remember(&mut self.title.known, row.title, holds);
                    holds
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        for term in &mut self.terms {
            if row.dims.iter().any(|dim| term.dims.contains(dim)) {
                continue;
            }
            let holds = match known(&term.known, row.title) {
                Some(holds) => holds,
                None => {
                    let holds = fold(&title(connection, row.title)?).contains(&term.folded);
                    remember(&mut term.known, row.title, holds);
                    holds
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether every row matches whose time does.
    pub fn asks_only_for_time(&self) -> bool {
        self.dims.is_empty() && self.title.is_trivial() && self.terms.is_empty()
    }
}

impl TitleTest {
    fn is_trivial(&self) -> bool {
        self.negative.is_empty() && self.positive.is_empty()
    }

    fn holds(&self, folded: &str) -> bool {
        self.negative
            .iter()
            .all(|(operator, value)| operator.holds(folded, value))
            && (self.positive.is_empty()
                || self
                    .positive
                    .iter()
                    .any(|(operator, value)| operator.holds(folded, value)))
    }
}

/// The conditions on one field, folded.
struct FieldTest {
    negative: Vec<(Operator, String)>,
    positive: Vec<(Operator, String)>,
}

impl FieldTest {
    fn of(filter: &Filter, field: Field) -> Self {
        let (negative, positive) = filter
            .conditions
            .iter()
            .filter(|condition| condition.field == field)
            .map(
                |Condition {
                     operator, value, ..
                 }| (*operator, fold(value)),
            )
            .partition(|(operator, _)| operator.is_negative());
        Self { negative, positive }
    }

    fn is_trivial(&self) -> bool {
        self.negative.is_empty() && self.positive.is_empty()
    }

    fn holds(&self, folded: &str) -> bool {
        let holds = |(operator, value): &(Operator, String)| operator.holds(folded, value);
        self.negative.iter().all(holds)
            && (self.positive.is_empty() || self.positive.iter().any(holds))
    }

    /// The values, if the field must be one of some that are known.
    fn equals(&self) -> Option<Vec<&str>> {
        (!self.positive.is_empty())
            .then(|| {
                self.positive
                    .iter()
                    .map(|(operator, value)| {
                        (*operator == Operator::Equals).then_some(value.as_str())
                    })
                    .collect()
            })
            .flatten()
    }
}

/// Gives the values of one field, folded, that the test can hold for.
fn for_each_value(
    connection: &Connection,
    kind: usize,
    test: &FieldTest,
    has_terms: bool,
    mut visit: impl FnMut(i64, &str),
) -> Result<(), Failure> {
    // There are many sessions, but a session's id is its own folded text: it can be looked up.
    if KINDS[kind] == Field::Session
        && !has_terms
        && let Some(values) = test.equals()
    {
        let mut statement = connection
            .prepare_cached("SELECT id FROM dim WHERE kind = ?1 AND h = ?2 AND v = ?3")?;
        for value in values {
            let mut rows = statement.query(params![kind_number(kind), hash(value), value])?;
            while let Some(row) = rows.next()? {
                visit(row.get(0)?, value);
            }
        }
        return Ok(());
    }
    let mut statement =
        connection.prepare_cached("SELECT id, coalesce(folded, v) FROM dim WHERE kind = ?1")?;
    let mut rows = statement.query([kind_number(kind)])?;
    while let Some(row) = rows.next()? {
        let folded = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        visit(row.get(0)?, folded);
    }
    Ok(())
}

fn known(known: &HashMap<i64, bool>, title: i64) -> Option<bool> {
    known.get(&title).copied()
}

fn remember(known: &mut HashMap<i64, bool>, title: i64, holds: bool) {
    if known.len() >= MAX_KNOWN_TITLES {
        known.clear();
    }
    known.insert(title, holds);
}

/// The number of the dictionary of sessions.
pub(super) fn session_kind() -> usize {
    kind_of(Field::Session).expect("sessions have a dictionary")
}

const MAX_KNOWN_TITLES: usize = 100_000;
