//! The screen of this session.
//!
//! [`GdiScreen`] copies each monitor and compares it with what it was, tile by tile: slower than to
//! be told what was drawn, but it works wherever Windows does. It looks often while something
//! moves or somebody works, and rarely on a desktop that rests.

#[cfg(windows)]
mod gdi;
mod layout;
mod pace;
mod pointer;
mod tiles;

#[cfg(windows)]
pub use gdi::GdiScreen;
