//! The words of Eidetic as plain types: ids, times, activity records, sessions, segments, policies.
//!
//! Nothing here does I/O, reads a clock or knows a wire or disk format: `wire`, `store` and the
//! API have types of their own and convert to these by hand, so that compatibility has one
//! address each.

mod captured;
mod clock;
mod ids;
mod members;
mod notification;
mod plan;
mod policy;
mod prerequisites;
mod record;
mod segment;
mod selection;
mod session;
mod time;

pub use captured::Captured;
pub use clock::{Clock, IdSource};
pub use ids::{
    AdjustmentId, AgentId, DisplayIndex, PlanId, RecordSequence, SegmentId, SessionId, SpoolId,
};
pub use members::{ComputerKind, ContainerItem, DirectoryContainer, Member, Members};
pub use notification::{
    MAX_NOTIFICATION_CHARACTERS, Notification, NotificationOutcome, NotificationProblem,
};
pub use plan::{AddressRange, ComputerFacts, ComputerName, Item, ItemProblem, MAX_EXCLUDED, Range};
pub use policy::{Policy, PolicyError, PolicyParts, Quality, Recording, ScreenLimits, SpoolLimits};
pub use prerequisites::{AdjustmentRecord, CheckReport, Prerequisites, UnmetCheck};
pub use record::{
    Action, ActivityRecord, Application, Entry, GapReason, IdleStretch, ObjectType, RecordedMoment,
    RunAs, SessionEvent, UnknownAction, UnknownGapReason, UnknownObjectType,
};
pub use segment::{SegmentDescription, SegmentEnd};
pub use selection::{
    ApplicationRule, ApplicationSelection, MAX_PATTERN_CHARACTERS, MAX_RULES, RuleProblem,
    Selected, ShownPart, UserRule, UserSelection,
};
pub use session::{SessionDescription, SessionEnding, SessionOrigin};
pub use time::Timestamp;
