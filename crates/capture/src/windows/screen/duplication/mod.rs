//! The screen by desktop duplication: Windows tells what was drawn and what was moved, and where
//! the pointer is.
//!
//! All that follows from what it tells is in here, without a call of Windows, and is tested on
//! every system with a [`System`] that plays a script. The calls themselves are in
//! `eidetic_winapi::duplication`.
//!
//! See <https://learn.microsoft.com/windows/win32/direct3ddxgi/desktop-dup-api>.

mod answer;
mod pointer;
mod screen;
mod shape;
mod source;
#[cfg(windows)]
mod system;
#[cfg(test)]
mod tests;
mod turn;
mod view;

pub(crate) use answer::Refused;
pub(crate) use screen::{DuplicatedScreen, Stop};
pub(crate) use shape::ToldShape;
pub(crate) use source::{Move, Output, PointerPlace, System, Update};
#[cfg(windows)]
pub(crate) use system::ThisSession;
