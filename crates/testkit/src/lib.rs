//! What the tests share: a simulated clock, counted ids, waiting for a condition, virtual displays.

mod clock;
mod display;
mod ids;
mod wait;

pub use clock::SimulatedClock;
pub use display::VirtualDisplay;
pub use ids::CountedIds;
pub use wait::{eventually, eventually_within};
