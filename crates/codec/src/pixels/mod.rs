//! Blocks of pixels, each predicted from its neighbours.
//!
//! [`Contexts`] remembers which colour followed which neighbours, so that a letter costs much the
//! first time it is drawn and almost nothing when it is drawn again, wherever that is. [`Plain`]
//! is for photographs. [`Lines`] holds the rows that the neighbours are read from.

mod block;
mod contexts;
mod lines;
mod literal;
mod plain;
mod row;
mod slot;
mod solids;

#[cfg(feature = "encode")]
pub(crate) use block::Pixels;
pub(crate) use block::{Unknown, code_block, code_plain_block};
pub(crate) use contexts::{Contexts, Reach};
pub(crate) use lines::Lines;
pub(crate) use plain::Plain;
pub(crate) use solids::Solids;
