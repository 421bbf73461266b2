//! Which account a program runs as, and whether its rights are raised.

use eidetic_model::RunAs;
use procfs::process::Process;

/// The accounts behind a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The account whose rights it has.
    pub(super) effective: u32,
    /// The account that logged on and from whose work it came, as far as it can be told.
    pub(super) origin: Option<u32>,
}

impl Identity {
    /// The accounts behind a process. `None` if it is no more.
    pub(super) fn of(process: &Process) -> Option<Self> {
        let effective = process.status().ok()?.euid;
        let origin = if effective == ROOT {
            login_user(process).or_else(|| user_among_parents(process))
        } else {
            None
        };
        Some(Self { effective, origin })
    }

    /// The row of the model product, seen from the session of `session_user`.
    pub(super) fn run_as(self, session_user: u32, name: impl FnOnce(u32) -> String) -> RunAs {
        match self.effective {
            ROOT if session_user == ROOT && self.origin.unwrap_or(ROOT) == ROOT => {
                RunAs::ElevatedSelf
            }
            ROOT => RunAs::Elevated {
                account: name(ROOT),
            },
            own if own == session_user => RunAs::SessionUser,
            other => RunAs::OtherUser {
                account: name(other),
            },
        }
    }
}

/// The account that the kernel noted at logon, which sudo, su and pkexec leave as it is.
fn login_user(process: &Process) -> Option<u32> {
    process
        .loginuid()
        .ok()
        .filter(|&user_id| user_id != NO_LOGIN)
}

/// The nearest ordinary account among the processes that this one came from: those that raise
/// rights keep the number of who called them as their real one.
fn user_among_parents(process: &Process) -> Option<u32> {
    let mut status = process.status().ok()?;
    for _ in 0..MOST_PARENTS {
        if status.ruid != ROOT {
            return Some(status.ruid);
        }
        if status.ppid <= FIRST_PROCESS {
            return None;
        }
        status = Process::new(status.ppid)
            .and_then(|parent| parent.status())
            .ok()?;
    }
    None
}

const ROOT: u32 = 0;

/// `loginuid` of a process that came from no logon.
const NO_LOGIN: u32 = u32::MAX;

const FIRST_PROCESS: i32 = 1;

const MOST_PARENTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_rows_of_the_model_product() {
        let row = |session_user, effective, origin| {
            Identity { effective, origin }.run_as(session_user, |user_id| format!("user{user_id}"))
        };
        let root = || RunAs::Elevated {
            account: "user0".into(),
        };
        assert_eq!(row(1001, 1001, None), RunAs::SessionUser);
        assert_eq!(
            row(1001, 1002, None),
            RunAs::OtherUser {
                account: "user1002".into()
            }
        );
        assert_eq!(row(1001, 0, Some(1001)), root());
        assert_eq!(row(1001, 0, None), root());
        assert_eq!(row(0, 0, None), RunAs::ElevatedSelf);
        assert_eq!(row(0, 0, Some(0)), RunAs::ElevatedSelf);
        assert_eq!(row(0, 0, Some(1001)), root());
        assert_eq!(
            row(0, 1001, None),
            RunAs::OtherUser {
                account: "user1001".into()
            }
        );
    }
}
