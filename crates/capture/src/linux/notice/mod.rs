//! A message to the user of an X display.
//!
//! The window is the recorder's own, so that it is there on every desktop: [`text`] lays the text
//! out with the computer's fonts, [`picture`] draws the whole window once, [`window`] shows it,
//! above the others, on the monitor with the pointer, and waits for the answer.

mod picture;
mod text;
mod window;

pub use window::show_notice;
