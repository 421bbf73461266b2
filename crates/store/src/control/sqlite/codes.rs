//! The numbers under which enums are stored. They must never change.

use eidetic_model::GapReason;

use crate::{
    control::{AgentState, Severity},
    sqlite::Failure,
};

/// The state of a segment, in `segment.state`.
pub(super) const GROWING: i64 = 0;
/// As [`GROWING`]; the hash is in `segment.sha256`.
pub(super) const SEALED: i64 = 1;
/// As [`GROWING`]; the reason is in `segment.reason`.
pub(super) const LOST: i64 = 2;

/// The reason of segments that were removed; `schema` has the number too.
pub(super) const RETENTION_OVER: i64 = 8;

pub(super) fn reason_code(reason: GapReason) -> i64 {
    match reason {
        GapReason::RecorderDied => 1,
        GapReason::DisplayUnavailable => 2,
        GapReason::SpoolFull => 3,
        GapReason::ClockJumped => 4,
        GapReason::SegmentDamaged => 5,
        GapReason::Overloaded => 6,
        GapReason::StoppedByPlan => 7,
        GapReason::RetentionOver => RETENTION_OVER,
    }
}

pub(super) fn reason(code: i64) -> Result<GapReason, Failure> {
    Ok(match code {
        1 => GapReason::RecorderDied,
        2 => GapReason::DisplayUnavailable,
        3 => GapReason::SpoolFull,
        4 => GapReason::ClockJumped,
        5 => GapReason::SegmentDamaged,
        6 => GapReason::Overloaded,
        7 => GapReason::StoppedByPlan,
        RETENTION_OVER => GapReason::RetentionOver,
        _ => return Err(unknown("reason of a gap", code)),
    })
}

pub(super) fn agent_state_code(state: AgentState) -> i64 {
    match state {
        AgentState::Active => 0,
        AgentState::Removed => 1,
    }
}

pub(super) fn agent_state(code: i64) -> Result<AgentState, Failure> {
    match code {
        0 => Ok(AgentState::Active),
        1 => Ok(AgentState::Removed),
        _ => Err(unknown("state of an agent", code)),
    }
}

pub(super) fn unknown(what: &str, code: i64) -> Failure {
    Failure::damaged(what, format!("{code} is not known"))
}

pub(super) fn severity_code(severity: Severity) -> i64 {
    match severity {
        Severity::Information => 1,
        Severity::Warning => 2,
        Severity::Error => 3,
    }
}

pub(super) fn severity(code: i64) -> Result<Severity, Failure> {
    Ok(match code {
        1 => Severity::Information,
        2 => Severity::Warning,
        3 => Severity::Error,
        _ => return Err(Failure::damaged("severity", "it is no known number")),
    })
}
