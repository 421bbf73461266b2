//! What goes over the wire of the API, and its conversion from and to the model.
//!
//! Times are microseconds since the Unix epoch. Captured content is revealed here, and only here,
//! for those who have the right to see it.

mod accounts;
mod campaigns;
mod computers;
mod control;
mod dashboard;
mod deployments;
mod directories;
mod health_log;
pub mod limits;
mod mail;
mod plans;
mod prerequisites;
mod records;
mod search;
mod segments;
mod sessions;
mod storage;
mod viewings;

pub use accounts::{Account, PasswordChange, SignInRequest};
pub use campaigns::{Campaign, CampaignContinuation, CampaignKind, CampaignRequest, Campaigns};
pub use computers::{
    ComputerDetail, ComputerStatus, Computers, EnrolmentTokenRequest, IssuedEnrolmentToken,
};
pub use control::{ControlAnswer, ControlRequest};
pub use dashboard::{Dashboard, DashboardParts};
pub use deployments::{
    AccountName, AccountTest, CollectingAccount, CollectingAccountRequest, CollectingAccounts,
    ComputerName, DeploymentJob, DeploymentRequest, Deployments, KnownComputer, KnownComputers,
};
pub use directories::{
    ContainerState, Containers, ContainersRequest, DirectoryList, DirectoryName, DirectoryRequest,
    DirectoryTest, DirectoryView, LeftDirectory,
};
pub use health_log::{HealthEvents, HealthItem, Severity, read_log_mark, write_log_mark};
pub use mail::{MailRequest, MailShown, MailTested};
pub use plans::{
    ConflictResolution, PlanCheck, PlanCheckComputer, PlanCheckRequest, PlanDetail, PlanOrder,
    Plans, Warned, item_counts, monitored,
};
pub use prerequisites::{Adjustments, ComputerChecks, NetworkCheckRequest, NetworkChecks};
pub use records::{Record, Records, SearchPage};
pub use search::SearchRequest;
pub use segments::Segment;
pub use sessions::{
    Display, Idle, SessionDetail, SessionEventItem, SessionMark, SessionSummary, Sessions,
};
pub use storage::Storage;
pub use viewings::Viewings;
