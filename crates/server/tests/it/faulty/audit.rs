//! Activity records on a disk.

use std::collections::HashMap;

use eidetic_model::{SessionId, Timestamp};
use eidetic_search::{Field, Filter, Mark};
use eidetic_store::{
    StoreError,
    audit::{AuditHealth, AuditStore, Batch, Page, PageOf},
};

super::on_a_disk! { AuditStore:
    write append(batch: Batch) -> ();
    read search(filter: &Filter, page: Page) -> PageOf;
    read count(filter: &Filter, by: Field, top: usize) -> Vec<(String, u64)>;
    read timeline(session: SessionId, after: Option<Mark>, limit: usize) -> PageOf;
    write purge(before: Timestamp) -> u64;
    write purge_sessions(sessions: &[SessionId], before: Timestamp) -> HashMap<SessionId, u64>;
    read health() -> AuditHealth;
}
