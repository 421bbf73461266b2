//! Names of things. Each is its own type, so that one cannot stand for another.

use std::{fmt, str::FromStr};

use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID of this id.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// The sixteen bytes, or `None` if there are not sixteen.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }

            /// The sixteen bytes of the UUID, in network order.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

uuid_id! {
    /// One enrolled agent, that is one monitored computer. The server gives it at enrolment.
    AgentId
}
uuid_id! {
    /// One recorded user session, from the moment its recording starts to its end.
    SessionId
}
uuid_id! {
    /// One segment of one display's packets. UUIDv7, unique for ever, never reused.
    SegmentId
}
uuid_id! {
    /// One life of an agent's spool. Record sequences count within it: a spool that was lost and
    /// made anew has another id, so that its first record is not taken for a repeated one.
    SpoolId
}
uuid_id! {
    /// One monitoring plan.
    PlanId
}

uuid_id! {
    /// One change that an agent made on its computer to meet a prerequisite.
    AdjustmentId
}

impl PlanId {
    /// The plan that is always there, and to which every computer belongs that no other plan names.
    pub const DEFAULT: Self = Self(Uuid::nil());
}

/// One display (monitor) of a session, counted from 0 in the order in which they were first seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DisplayIndex(pub u16);

impl fmt::Display for DisplayIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of an entry within its spool. The first is 1; there are no holes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordSequence(pub u64);

impl RecordSequence {
    /// Before the first entry.
    pub const ZERO: Self = Self(0);

    /// The sequence that follows this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for RecordSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
