//! Photographs that move: tiles that are transformed and quantised, so that they lose detail.
//!
//! Encoder and decoder make the same picture of them to the bit, with whole numbers only, since
//! what comes later is told from it.

mod colours;
mod tile;
mod transform;

pub(crate) use tile::Lossy;
