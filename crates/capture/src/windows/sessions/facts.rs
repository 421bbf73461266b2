//! What Windows knows of a session.

use eidetic_model::SessionOrigin;

use crate::{LoginSession, LoginSessionId};

/// A session that a user has logged on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// Its number.
    pub number: u32,
    /// The account, as `DOMAIN\user`.
    pub account: String,
    /// The last part of the account's SID.
    pub account_number: u32,
    /// When the user logged on, in the system's own unit; 0 if it does not tell.
    pub logged_on_at: u64,
    /// Where it is to be seen.
    pub connection: Connection,
    /// Whether it is locked, if the system tells.
    pub is_locked: Option<bool>,
}

/// Where a session is to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// On the computer's own screen.
    Console,
    /// On another computer.
    Remote {
        /// That computer, as [`workstation`] words it.
        workstation: String,
    },
    /// Nowhere.
    Nowhere,
}

impl SessionFacts {
    /// The session as the seam speaks of it.
    pub(super) fn login_session(&self) -> LoginSession {
        LoginSession {
            id: self.id(),
            user_name: self.account.clone(),
            user_id: self.account_number,
            origin: self.connection.origin(),
            display: Some(format!("Session {}", self.number)),
            leader: None,
        }
    }

    /// Whether the same logon is meant, as far as can be told.
    pub(super) fn is_the_logon_of(&self, other: &Self) -> bool {
        let times = [self.logged_on_at, other.logged_on_at];
        self.account == other.account && (times[0] == times[1] || times.contains(&0))
    }

    /// Windows gives a number to another session once its session is gone: the time tells them
    /// apart.
    pub(super) fn id(&self) -> LoginSessionId {
        LoginSessionId(match self.logged_on_at {
            0 => self.number.to_string(),
            at => format!("{}-{at:x}", self.number),
        })
    }
}

impl Connection {
    /// From where the user is connected.
    pub(super) fn origin(&self) -> SessionOrigin {
        match self {
            Self::Remote { workstation } => SessionOrigin::Remote {
                workstation: workstation.clone(),
            },
            Self::Console | Self::Nowhere => SessionOrigin::Local,
        }
    }
}

/// The number of the session that the seam calls so.
pub fn session_number(id: &LoginSessionId) -> Option<u32> {
    let (number, _logged_on_at) = id.0.split_once('-').unwrap_or((&id.0, ""));
    number.parse().ok()
}

/// The user's own computer by its name and its address, as far as they are known.
pub fn workstation(name: &str, address: &str) -> String {
    match (name.trim(), address.trim()) {
        ("", known) | (known, "") => known.to_owned(),
        (name, address) => format!("{name} ({address})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_in_the_id_and_another_logon_has_another_id() {
        let mut facts = SessionFacts {
            number: 7,
            account: "CORP\\ann".into(),
            account_number: 1104,
            logged_on_at: 0,
            connection: Connection::Console,
            is_locked: None,
        };
        assert_eq!(session_number(&facts.id()), Some(7));
        let unknown = facts.id();
        facts.logged_on_at = 0x01db_3e5f_0000_0001;
        assert_eq!(session_number(&facts.id()), Some(7));
        assert_ne!(facts.id(), unknown);
        assert_eq!(session_number(&LoginSessionId("c2".into())), None);
        assert_eq!(facts.login_session().display.unwrap(), "Session 7");
    }

    #[test]
    fn workstation_has_name_and_address_as_far_as_known() {
        assert_eq!(workstation("LAPTOP-7", "10.0.0.7"), "LAPTOP-7 (10.0.0.7)");
        assert_eq!(workstation("LAPTOP-7", ""), "LAPTOP-7");
        assert_eq!(workstation(" ", "10.0.0.7"), "10.0.0.7");
        assert_eq!(workstation("", ""), "");
    }
}
