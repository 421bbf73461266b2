//! Linux: X11 and logind.
//!
//! [`X11Screen`] and [`X11Desktop`] each have a connection to the X server of their own, so that
//! each can live on its own thread. [`Logind`] tells of the sessions; where there is no logind,
//! [`UnattendedDisplay`] stands for the one session of a display that is given.

mod connection;
mod desktop;
mod logind;
mod map;
mod notice;
mod process;
mod screen;
mod session_display;
mod unattended;

pub use desktop::X11Desktop;
pub use logind::Logind;
pub use map::X11Windows;
pub use notice::show_notice;
pub use process::ApplicationCatalog;
pub use screen::X11Screen;
pub use session_display::SessionDisplay;
pub use unattended::UnattendedDisplay;
