//! How many bytes activity records take in the audit database.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use eidetic_model::{
    ActivityRecord, AgentId, Application, Captured, DisplayIndex, IdSource as _, RecordSequence,
    RecordedMoment, SessionId, SpoolId, Timestamp,
};
use eidetic_runtime::{RandomIds, SystemClock};
use eidetic_store::audit::{AuditStore as _, Batch, SqliteAudit};
use serde_json::Value;

use crate::api::Api;

/// Bytes for each record of a session's kind: its records are put into a fresh database again and
/// again, in sessions of their own and with a number added to each title so that none repeats,
/// until their number hides the size of an empty database.
pub fn bytes_each(api: &Api, session: &str, folder: &Path) -> Result<u64> {
    let page = api.get(&format!("/sessions/{session}/activities?limit=1000"))?;
    let records = page["records"].as_array().context("no records")?;
    let records: Vec<_> = records.iter().filter_map(read).collect();
    ensure!(!records.is_empty(), "no record could be read");
    let folder = folder.join("records");
    let stored = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(fill(&folder, &records))?;
    Ok(super::report::bytes_under(&folder) / stored)
}

const ENOUGH: usize = 100_000;

async fn fill(folder: &Path, records: &[ActivityRecord]) -> Result<u64> {
    let audit = SqliteAudit::open(folder, Arc::new(SystemClock))?;
    let agent = AgentId::from_uuid(RandomIds.new_id(Timestamp::default()));
    let spool = SpoolId::from_uuid(RandomIds.new_id(Timestamp::default()));
    let mut stored = 0;
    for round in 0..ENOUGH.div_ceil(records.len()) {
        let session = SessionId::from_uuid(RandomIds.new_id(Timestamp::default()));
        let later = Duration::from_secs(60) * u32::try_from(round)?;
        let batch: BTreeMap<_, _> = records
            .iter()
            .map(|record| {
                stored += 1;
                let record = ActivityRecord {
                    session,
                    when: record.when.saturating_sub(later),
                    what: Captured::new(format!("{} {round}", record.what.reveal())),
                    ..record.clone()
                };
                (RecordSequence(stored), record)
            })
            .collect();
        audit
            .append(Batch {
                agent,
                spool,
                records: batch,
            })
            .await?;
    }
    Ok(stored)
}

/// A record as the API gives it.
fn read(record: &Value) -> Option<ActivityRecord> {
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let when = Timestamp::from_unix_micros(record["when_us"].as_i64()?);
    Some(ActivityRecord {
        session: text("session_id").parse().ok()?,
        when,
        who: text("who"),
        action: text("action").parse().ok()?,
        object_type: text("object_type").parse().ok()?,
        what: Captured::new(text("what")),
        where_: text("where"),
        workstation: None,
        details: Vec::new(),
        application: record["application"].is_object().then(|| Application {
            path: record["application"]["path"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            description: record["application"]["description"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        }),
        coalesced: 0,
        moment: Some(RecordedMoment {
            display: DisplayIndex(0),
            time: when,
        }),
    })
}
