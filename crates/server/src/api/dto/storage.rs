//! How much is stored.

use eidetic_store::audit::AuditHealth;
use serde::Serialize;
use utoipa::ToSchema;

/// How much is stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Storage {
    /// Activity records.
    pub records: u64,
    /// The bytes of the activity records on disk.
    pub audit_bytes: u64,
    /// The time of the oldest activity record, if there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_us: Option<i64>,
    /// The time of the newest activity record, if there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_us: Option<i64>,
    /// The bytes of the screen segments that can be played.
    pub segment_bytes: u64,
}

impl Storage {
    /// What the stores say.
    pub fn new(audit: &AuditHealth, segment_bytes: u64) -> Self {
        let range = audit.range.as_ref();
        Self {
            records: audit.records,
            audit_bytes: audit.bytes,
            oldest_us: range.map(|range| range.start.as_unix_micros()),
            newest_us: range.map(|range| range.end.as_unix_micros()),
            segment_bytes,
        }
    }
}
