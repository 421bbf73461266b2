//! Protocol versions.

/// A version of the protocol between agent and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProtocolVersion(pub u32);

impl ProtocolVersion {
    /// The oldest version that this build speaks.
    pub const OLDEST: Self = Self(1);
    /// The newest version that this build speaks.
    pub const NEWEST: Self = Self(3);
    /// The first in which agents report on prerequisites.
    pub const WITH_CHECKS: Self = Self(2);
    /// The first in which the server calls agents.
    pub const WITH_CONTROL: Self = Self(3);
}

/// Agent and server have no version in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationError {
    /// The other side is too old. Upgrade it.
    #[error(
        "the agent speaks protocol {newest} at most, this server needs {needed}: upgrade the agent",
        newest = newest.0, needed = ProtocolVersion::OLDEST.0
    )]
    TooOld {
        /// The newest version that the other side speaks.
        newest: ProtocolVersion,
    },
    /// The other side is too new. Upgrade this one.
    #[error(
        "the agent needs protocol {oldest}, this server speaks {ours} at most: upgrade the server",
        oldest = oldest.0, ours = ProtocolVersion::NEWEST.0
    )]
    TooNew {
        /// The oldest version that the other side speaks.
        oldest: ProtocolVersion,
    },
}

/// The newest version that both sides speak.
///
/// # Errors
///
/// If there is none.
pub fn negotiate(
    oldest: ProtocolVersion,
    newest: ProtocolVersion,
) -> Result<ProtocolVersion, NegotiationError> {
    if newest < ProtocolVersion::OLDEST {
        Err(NegotiationError::TooOld { newest })
    } else if oldest > ProtocolVersion::NEWEST {
        Err(NegotiationError::TooNew { oldest })
    } else {
        Ok(newest.min(ProtocolVersion::NEWEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_common_version_is_chosen() {
        let choose = |oldest, newest| negotiate(ProtocolVersion(oldest), ProtocolVersion(newest));
        assert_eq!(choose(1, 1), Ok(ProtocolVersion(1)));
        assert_eq!(choose(1, 9), Ok(ProtocolVersion(3)));
        assert!(matches!(choose(0, 0), Err(NegotiationError::TooOld { .. })));
        assert!(matches!(choose(4, 9), Err(NegotiationError::TooNew { .. })));
    }
}
