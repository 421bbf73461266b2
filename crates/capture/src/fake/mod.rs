//! Scripted sources for tests: real code that plays a script.
//!
//! Each comes as a pair: the source, which is given to the code under test, and its script, through
//! which the test says what happens. They keep the promises of the seams: a [`Screen`] gathers what
//! is painted between two calls, a [`Desktop`] and [`Sessions`] tell things in order.

mod desktop;
mod screen;
mod script;
mod sessions;

pub use desktop::{Desktop, DesktopScript, window};
pub use screen::{Screen, ScreenScript, display};
pub use sessions::{Sessions, SessionsScript, login_session};
