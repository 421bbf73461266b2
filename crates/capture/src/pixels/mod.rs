//! What the screens of all systems need: the picture of a display, where it changed, and the
//! pointer in it.

pub(crate) mod damage;
mod picture;
mod pointer;

pub(crate) use picture::Picture;
pub(crate) use pointer::{Covered, Ink, Shape};
