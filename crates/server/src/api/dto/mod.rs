//! What goes over the wire of the API, and its conversion from and to the model.
//!
//! Times are microseconds since the Unix epoch. Captured content is revealed here, and only here,
//! for those who have the right to see it.

mod accounts;
mod computers;
pub mod limits;
mod plans;
mod prerequisites;
mod records;
mod search;
mod segments;
mod sessions;
mod storage;
mod viewings;

pub use accounts::{Account, PasswordChange, SignInRequest};
pub use computers::{Computer, Computers, EnrolmentTokenRequest, IssuedEnrolmentToken};
pub use plans::{
    ConflictResolution, PlanCheck, PlanCheckComputer, PlanCheckRequest, PlanDetail, PlanOrder,
    Plans, facts_of, item_counts, monitored,
};
pub use prerequisites::{Adjustments, ComputerChecks, NetworkCheckRequest, NetworkChecks};
pub use records::{Record, Records, SearchPage};
pub use search::SearchRequest;
pub use segments::Segment;
pub use sessions::{
    Display, Idle, SessionDetail, SessionEventItem, SessionMark, SessionSummary, Sessions,
};
pub use storage::Storage;
pub use viewings::{Viewing, Viewings};
