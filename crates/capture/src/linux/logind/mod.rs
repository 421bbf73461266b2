//! The sessions of this computer, from logind over D-Bus.
//!
//! A task of [`Logind`]'s listens and asks; what follows from what it hears is decided by the tracker, which
//! does no I/O. Signals count only if they come from logind itself: on the system bus any account
//! may send a signal of any name to anybody.

mod bus;
mod client;
mod listener;
mod tracker;

pub use client::Logind;
