//! Messages to and from the model: the one place that knows both.
//!
//! [`to_proto`] cuts what is too long, so that [`from_proto`] takes everything that it makes.
//! [`from_proto`] is strict: it takes nothing that is out of bounds, and names the field.

pub mod from_proto;
mod messages;
#[cfg(test)]
mod tests;
pub mod to_proto;

pub use messages::{Hello, SegmentChunk};

use eidetic_model::PolicyError;

/// The longest name, path or address, in bytes.
pub const MAX_NAME_BYTES: usize = 4 << 10;

/// The longest window title or line of details, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 << 10;

/// The most lines of details.
pub const MAX_DETAILS: usize = 64;

/// The most prerequisites, and the most adjustments, in one report.
pub const MAX_CHECKS: usize = 100;

/// The most lines of how to mend something by hand.
pub const MAX_HAND_LINES: usize = 20;

/// The longest side of a display, in pixels.
pub const MAX_DISPLAY_SIDE: u32 = 1 << 15;

/// The latest time, in 2255: every program that reads JSON can tell it to the microsecond. The
/// earliest is the Unix epoch.
pub const MAX_UNIX_MICROS: i64 = 1 << 53;

/// A message does not make sense. The sender is broken: end the connection and tell it why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// Nothing in a field that is needed.
    #[error("{field} is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// An id that has not sixteen bytes, or a hash that has not 32.
    #[error("{field} has {bytes} bytes, needs {needed}")]
    WrongLength {
        /// The field.
        field: &'static str,
        /// How many bytes it has.
        bytes: usize,
        /// How many it must have.
        needed: usize,
    },
    /// More than fits.
    #[error("{field} has {found}, at most {limit} are taken")]
    TooMany {
        /// The field.
        field: &'static str,
        /// How many bytes or items there are.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// A word that is not known.
    #[error("{field} is not a known word")]
    UnknownWord {
        /// The field.
        field: &'static str,
    },
    /// A number that makes no sense.
    #[error("{field} is {value}, which is out of range")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// The number.
        value: i128,
    },
    /// A policy that cannot be.
    #[error("the policy is invalid: {0}")]
    Policy(#[from] PolicyError),
}
