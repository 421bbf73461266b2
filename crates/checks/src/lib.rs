//! The prerequisites of agent and server: one list, how each is checked, explained and mended.
//!
//! [`catalogue`] is the list, as data; [`CheckId`] is what a check is called everywhere, for good.
//! [`examine_agent`] and [`examine_server`] say of each what was found; they decide by what a
//! [`Machine`] answers, which is the seam to the system: [`system`] has the real ones, a folder or
//! file for each, [`fake`] a scripted one. [`mend`] changes what can be changed safely, and says what
//! was before and what is after. [`network`] looks at another computer from outside.
//!
//! What a check needs to know of the agent or the server itself (its certificate, its server's
//! clock, its sessions) its caller finds out: [`AgentFacts`], [`ServerFacts`].

mod catalogue;
mod check;
mod document;
mod examine;
pub mod exclusions;
mod installation;
mod machine;
mod mend;
pub mod network;
mod report;
#[cfg(any(target_os = "linux", windows))]
pub mod system;

pub use catalogue::{catalogue, check};
pub use check::{Check, CheckId, Need, Place, Systems};
pub use document::document;
pub use examine::{
    AgentFacts, Certificate, Finding, ServerFacts, Sessions, Verdict, examine_agent, examine_server,
};
pub use installation::{CONTROL_PORT, Installation, System};
pub use machine::{
    Answer, CannotTell, Firewall, Machine, MendFailed, Opening, Reach, Service, fake,
};
pub use mend::{Adjusted, Adjustment, mend_agent, mend_server};
pub use report::{Report, Scope};
