//! What an agent tells of the prerequisites of its computer.

use crate::{AdjustmentId, Timestamp};

/// What an agent does about prerequisites that are unmet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Prerequisites {
    /// It tells of them.
    #[default]
    Report,
    /// It mends what can be mended safely, puts back what somebody changes, and tells of both.
    Mend,
}

/// What an agent found when it looked at its computer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// When.
    pub at: Timestamp,
    /// What is unmet now; nothing if all is good.
    pub unmet: Vec<UnmetCheck>,
    /// What it changed, or tried to, and has not been told to be stored.
    pub adjustments: Vec<AdjustmentRecord>,
}

/// A prerequisite that is unmet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetCheck {
    /// The check's name.
    pub check: String,
    /// What was found, in words.
    pub found: String,
    /// How to mend it by hand, with the computer's own paths and ports.
    pub by_hand: Vec<String>,
}

/// Something that an agent changed on its computer, or tried to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentRecord {
    /// Its id, so that one that is told twice is kept once.
    pub id: AdjustmentId,
    /// The check's name.
    pub check: String,
    /// When.
    pub at: Timestamp,
    /// What was found before.
    pub before: String,
    /// What was found after.
    pub after: String,
    /// Why it is not mended; nothing if it is.
    pub problem: Option<String>,
}
