//! What the tests share: a simulated clock, counted ids, waiting for a condition, virtual displays.

mod clock;
#[cfg(feature = "directory")]
mod directory;
mod display;
mod ids;
#[cfg(feature = "logind")]
mod logind;
mod wait;

pub use clock::SimulatedClock;
#[cfg(feature = "directory")]
pub use directory::{DirectoryCertificate, PrivateDirectory};
pub use display::VirtualDisplay;
pub use ids::CountedIds;
#[cfg(feature = "logind")]
pub use logind::{PrivateBus, PrivateLogind, PrivateSession};
pub use wait::{eventually, eventually_within};
