//! How the system is doing: the status of each computer, what is of concern, and the health log.
//!
//! What follows from what is known is plain code without I/O: [`status`] and [`concern`] judge one
//! computer, [`changes`] tells what of that is news, [`forecast`] when the disk will be full.
//! [`watch`] looks at everything now and then and keeps what is news in the health log ([`log`]);
//! [`duplicates`] tells two computers with one identity apart.

mod changes;
pub mod concern;
pub mod duplicates;
mod event;
pub mod forecast;
mod log;
pub mod metrics;
mod observed;
pub mod status;
mod watch;

pub use concern::Concern;
pub use event::EventKind;
pub use log::{Happened, HealthLog};
pub use observed::{Observed, Overview};
pub use status::ComputerStatus;
pub use watch::{Watch, WatchParts};
