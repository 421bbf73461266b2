//! Adaptive binary arithmetic coding: probabilities that learn, and the coder that uses them.
//!
//! What is coded is written down once, as code that is generic over [`Coder`]: with a
//! [`RangeEncoder`] it writes the values that it is given, with a [`RangeDecoder`] it ignores them
//! and returns those in the bytes. Both sides therefore cannot disagree about the syntax.

mod bit;
mod bits;
mod number;
mod range;

pub(crate) use bit::Bit;
pub(crate) use bits::{BitPosition, BitReader, BitWriter};
pub(crate) use number::{Number, Signed, Tree};
#[cfg(any(feature = "encode", test))]
pub(crate) use range::RangeEncoder;
pub(crate) use range::{Coder, RangeDecoder, RangePosition};
