//! Adds records to one part file.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::Hash,
};

use eidetic_model::{ActivityRecord, RecordSequence};
use eidetic_search::fold;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{
    dictionary::{Value, hash, index_text, kind_number},
    ingested::Ingested,
};
use crate::{
    StoreError,
    audit::{
        Batch,
        full::FullMicros,
        position::{self, Month, Plausible},
    },
    sqlite::{Failure, to_sql},
};

/// One part file, open for writing, with what is known to be in it.
pub(super) struct PartWriter {
    connection: Connection,
    known: Known,
}

/// What is in the file, as far as it was needed lately. Emptied when a transaction fails.
#[derive(Default)]
struct Known {
    values: HashMap<(usize, Value), i64>,
    titles: HashMap<String, i64>,
    seen: HashSet<(i64, i64)>,
    full: FullMicros,
}

impl PartWriter {
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            known: Known::default(),
        }
    }

    /// The file itself, for changes that are not additions: what is known of it is forgotten.
    pub fn connection(&mut self) -> &mut Connection {
        self.known = Known::default();
        &mut self.connection
    }

    /// Adds the records with these sequences, each from the batch with that index, in one
    /// transaction.
    pub fn append(
        &mut self,
        batches: &[Batch],
        records: &[(usize, RecordSequence)],
        plausible: Plausible,
    ) -> Result<(), Failure> {
        let result = self.try_append(batches, records, plausible);
        if result.is_err() {
            self.known = Known::default();
        }
        result
    }

    fn try_append(
        &mut self,
        batches: &[Batch],
        records: &[(usize, RecordSequence)],
        plausible: Plausible,
    ) -> Result<(), Failure> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut added = 0_i64;
        for chunk in records.chunk_by(|(a, _), (b, _)| a == b) {
            let batch = &batches[chunk[0].0];
            let (first, last) = (chunk[0].1, chunk[chunk.len() - 1].1);
            let mut ingested = Ingested::load(
                &transaction,
                batch.agent,
                batch.spool,
                to_sql(first.0),
                to_sql(last.0),
            )?;
            for (_, sequence) in chunk {
                if let Some(record) = batch.records.get(sequence)
                    && ingested.insert(to_sql(sequence.0))
                {
                    self.known.insert(&transaction, record, plausible)?;
                    added += 1;
                }
            }
            ingested.store(&transaction)?;
        }
        if added > 0 {
            transaction
                .prepare_cached("UPDATE part SET records = records + ?1")?
                .execute([added])?;
        }
        transaction.commit()?;
        self.known.bound();
        Ok(())
    }
}

impl Known {
    fn insert(
        &mut self,
        connection: &Connection,
        record: &ActivityRecord,
        plausible: Plausible,
    ) -> Result<(), Failure> {
        let moment = plausible.moment(record.when);
        let id = position::allocate(moment, &mut self.full, |range| {
            connection
                .prepare_cached("SELECT max(id) FROM rec WHERE id >= ?1 AND id < ?2")?
                .query_row([range.start, range.end], |row| row.get(0))
        })?
        .ok_or(StoreError::TooManyOfOneMoment)?;
        let mut dims = [0; 8];
        for (kind, value) in Value::of(record).into_iter().enumerate() {
            dims[kind] = self.value(connection, kind, value)?;
        }
        let [
            who,
            action,
            where_,
            object_type,
            details,
            application,
            workstation,
            session,
        ] = dims;
        let title = self.title(connection, record.what.reveal())?;
        let when = record.when.as_unix_micros();
        let moment = record.moment;
        connection
            .prepare_cached(
                "INSERT INTO rec (id, who, action, wher, object_type, details, application, \
                 workstation, session, title, at, coalesced, display, moment) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                id,
                who,
                action,
                where_,
                object_type,
                details,
                application,
                workstation,
                session,
                title,
                Some(when).filter(|&when| when != position::micros_of(id)),
                Some(record.coalesced).filter(|&coalesced| coalesced > 0),
                moment.map(|moment| moment.display.0),
                moment.map(|moment| moment.time.as_unix_micros().wrapping_sub(when)),
            ])?;
        for &dim in &dims[..dims.len() - 1] {
            if self.seen.insert((dim, session)) {
                connection
                    .prepare_cached("INSERT OR IGNORE INTO seen (dim, session) VALUES (?1, ?2)")?
                    .execute([dim, session])?;
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        connection: &Connection,
        kind: usize,
        value: Value,
    ) -> Result<i64, Failure> {
        let key = (kind, value);
        if let Some(&id) = self.values.get(&key) {
            return Ok(id);
        }
        let (_, value) = &key;
        let (kind, h) = (kind_number(kind), hash(&value.text));
        let known: Option<i64> = connection
            .prepare_cached(
                "SELECT id FROM dim WHERE kind = ?1 AND h = ?2 AND v = ?3 AND cuts = ?4",
            )?
            .query_row(params![kind, h, value.text, value.cuts], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                let folded = Some(fold(&value.text)).filter(|folded| *folded != value.text);
                connection
                    .prepare_cached(
                        "INSERT INTO dim (kind, h, v, folded, cuts) VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .insert(params![kind, h, value.text, folded, value.cuts])?
            }
        };
        self.values.insert(key, id);
        Ok(id)
    }

    fn title(&mut self, connection: &Connection, title: &str) -> Result<i64, Failure> {
        if let Some(&id) = self.titles.get(title) {
            return Ok(id);
        }
        let h = hash(title);
        let known: Option<i64> = connection
            .prepare_cached("SELECT id FROM title WHERE h = ?1 AND v = ?2")?
            .query_row(params![h, title], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                let id = connection
                    .prepare_cached("INSERT INTO title (h, v) VALUES (?1, ?2)")?
                    .insert(params![h, title])?;
                if !title.is_empty() {
                    connection
                        .prepare_cached("INSERT INTO fts (rowid, v) VALUES (?1, ?2)")?
                        .execute(params![id, index_text(&fold(title))])?;
                }
                id
            }
        };
        self.titles.insert(title.to_owned(), id);
        Ok(id)
    }

    fn bound(&mut self) {
        empty_when_over(&mut self.values, MAX_KNOWN_VALUES);
        empty_when_over(&mut self.titles, MAX_KNOWN_TITLES);
        if self.seen.len() > MAX_KNOWN_SEEN {
            self.seen = HashSet::new();
        }
    }
}

fn empty_when_over<K: Eq + Hash, V>(map: &mut HashMap<K, V>, limit: usize) {
    if map.len() > limit {
        *map = HashMap::new();
    }
}

/// The records of batches by the month to which they go, in the order of batch and sequence.
pub(super) fn by_month(
    batches: &[Batch],
    plausible: Plausible,
) -> BTreeMap<Month, Vec<(usize, RecordSequence)>> {
    let mut months = BTreeMap::<_, Vec<_>>::new();
    for (index, batch) in batches.iter().enumerate() {
        for (&sequence, record) in &batch.records {
            months
                .entry(Month::of(plausible.moment(record.when)))
                .or_default()
                .push((index, sequence));
        }
    }
    months
}

/// Those of the records that are not in a part.
pub(super) fn not_in(
    connection: &Connection,
    batches: &[Batch],
    records: &[(usize, RecordSequence)],
) -> Result<Vec<(usize, RecordSequence)>, Failure> {
    let mut others = Vec::new();
    for chunk in records.chunk_by(|(a, _), (b, _)| a == b) {
        let batch = &batches[chunk[0].0];
        let (first, last) = (to_sql(chunk[0].1.0), to_sql(chunk[chunk.len() - 1].1.0));
        let ingested = Ingested::load(connection, batch.agent, batch.spool, first, last)?;
        let is_other =
            |(_, sequence): &&(usize, RecordSequence)| !ingested.contains(to_sql(sequence.0));
        others.extend(chunk.iter().filter(is_other));
    }
    Ok(others)
}

const MAX_KNOWN_VALUES: usize = 20_000;
const MAX_KNOWN_TITLES: usize = 20_000;
const MAX_KNOWN_SEEN: usize = 200_000;
