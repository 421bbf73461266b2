//! Which account a program runs as, and whether its rights are raised.

use eidetic_model::RunAs;

/// With what rights a process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// The account's SID, by which accounts are told apart.
    pub(crate) sid: String,
    /// The account's name, as `DOMAIN\user`.
    pub(crate) account: String,
    /// Which of the account's tokens it is.
    pub(crate) kind: TokenKind,
    /// Whether the system counts it as raised.
    pub(crate) is_elevated: bool,
    /// The integrity level.
    pub(crate) integrity: u32,
}

/// Which of an account's tokens it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// The account has but this one.
    Only,
    /// The one with all rights of an administrator.
    Full,
    /// The one from which an administrator's rights are taken.
    Limited,
}

impl Rights {
    /// The row of the model product, seen from a session of these rights.
    ///
    /// An account for which Windows does not split the token, as the built-in administrator, has
    /// its rights everywhere: nothing is raised in its sessions, unless the system itself runs it.
    pub(crate) fn run_as(&self, session: &Self) -> RunAs {
        let is_other = self.sid != session.sid;
        match (is_other, self.is_raised(session)) {
            (true, true) => RunAs::Elevated {
                account: self.account.clone(),
            },
            (true, false) => RunAs::OtherUser {
                account: self.account.clone(),
            },
            (false, true) => RunAs::ElevatedSelf,
            (false, false) => RunAs::SessionUser,
        }
    }

    fn is_raised(&self, session: &Self) -> bool {
        let by_token = match self.kind {
            TokenKind::Full => true,
            TokenKind::Limited => false,
            TokenKind::Only => self.is_elevated,
        };
        let is_more = self.integrity > session.integrity || !session.has_all_rights();
        (by_token || self.integrity >= HIGH) && is_more
    }

    /// Whether there is nothing that it could gain by elevation.
    fn has_all_rights(&self) -> bool {
        self.integrity >= HIGH && self.kind != TokenKind::Limited
    }
}

/// The integrity level of what runs with an administrator's rights.
pub(crate) const HIGH: u32 = 0x3000;

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIUM: u32 = 0x2000;
    const SYSTEM: u32 = 0x4000;

    fn rights(user: &str, kind: TokenKind, integrity: u32) -> Rights {
        Rights {
            sid: format!("S-1-5-21-{user}"),
            account: format!("CORP\\{user}"),
            kind,
            is_elevated: integrity >= HIGH,
            integrity,
        }
    }

    fn user(name: &str) -> Rights {
        rights(name, TokenKind::Only, MEDIUM)
    }

    fn elevated(account: &str) -> RunAs {
        RunAs::Elevated {
            account: account.into(),
        }
    }

    #[test]
    fn ordinary_program_of_the_session_is_a_plain_window() {
        let administrator = rights("adm", TokenKind::Limited, MEDIUM);
        assert_eq!(user("ann").run_as(&user("ann")), RunAs::SessionUser);
        assert_eq!(administrator.run_as(&administrator), RunAs::SessionUser);
    }

    #[test]
    fn program_started_as_another_ordinary_user_names_that_user() {
        let row = user("bob").run_as(&user("ann"));
        assert_eq!(
            row,
            RunAs::OtherUser {
                account: "CORP\\bob".into()
            }
        );
    }

    #[test]
    fn program_started_with_an_administrators_credentials_is_elevated_and_names_it() {
        let administrator = rights("adm", TokenKind::Full, HIGH);
        assert_eq!(administrator.run_as(&user("ann")), elevated("CORP\\adm"));
        let built_in = rights("Administrator", TokenKind::Only, HIGH);
        assert_eq!(
            built_in.run_as(&user("ann")),
            elevated("CORP\\Administrator")
        );
        let limited = rights("adm", TokenKind::Limited, MEDIUM);
        assert_eq!(
            limited.run_as(&user("ann")),
            RunAs::OtherUser {
                account: "CORP\\adm".into()
            }
        );
    }

    #[test]
    fn administrators_own_elevated_program_is_elevated_without_a_name() {
        let session = rights("adm", TokenKind::Limited, MEDIUM);
        let program = rights("adm", TokenKind::Full, HIGH);
        assert_eq!(program.run_as(&session), RunAs::ElevatedSelf);
    }

    #[test]
    fn session_that_has_all_rights_raises_nothing_but_to_the_system() {
        let session = rights("Administrator", TokenKind::Only, HIGH);
        assert_eq!(session.run_as(&session), RunAs::SessionUser);
        let system = Rights {
            sid: "S-1-5-18".into(),
            account: "NT AUTHORITY\\SYSTEM".into(),
            ..rights("", TokenKind::Only, SYSTEM)
        };
        assert_eq!(system.run_as(&session), elevated("NT AUTHORITY\\SYSTEM"));
    }

    #[test]
    fn program_with_less_rights_than_the_session_is_not_elevated() {
        let low = rights("ann", TokenKind::Only, 0x1000);
        assert_eq!(low.run_as(&user("ann")), RunAs::SessionUser);
    }
}
