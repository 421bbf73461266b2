//! What happens on a monitored computer: screens, windows, input and sessions, behind one seam
//! for each.
//!
//! The seams speak Eidetic's language and hide the system: [`Screen`] gives frames, [`Desktop`]
//! tells what is in front and whether somebody is there, [`Sessions`] tells who is logged on.
//! Each system is a folder; [`fake`] is real code that plays a script. Rates, coalescing and
//! records are the agent's business, encoding is the codec's: nothing here knows of either.

#[cfg(any(target_os = "linux", windows, test))]
pub mod blackout;
#[cfg(any(target_os = "linux", windows))]
mod deadline;
mod desktop;
mod error;
pub mod fake;
#[cfg(target_os = "linux")]
pub mod linux;
mod notice;
#[cfg(any(target_os = "linux", windows, test))]
mod pixels;
mod screen;
mod sessions;
#[cfg(any(windows, test))]
pub mod windows;

pub use desktop::{ActiveWindow, Desktop, DesktopEvent, ProcessId};
pub use error::CaptureError;
pub use notice::{Notice, NoticeEnding, NoticeWatcher};
pub use screen::{Capture, Display, Frame, Rect, Screen};
pub use sessions::{LoginSession, LoginSessionId, SessionChange, Sessions};
