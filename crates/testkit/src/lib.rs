//! What the tests share: a simulated clock, counted ids, waiting for a condition, virtual displays.

mod clock;
mod display;
mod ids;
#[cfg(feature = "logind")]
mod logind;
mod wait;

pub use clock::SimulatedClock;
pub use display::VirtualDisplay;
pub use ids::CountedIds;
#[cfg(feature = "logind")]
pub use logind::{PrivateBus, PrivateLogind, PrivateSession};
pub use wait::{eventually, eventually_within};
