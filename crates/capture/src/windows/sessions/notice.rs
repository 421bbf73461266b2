//! What a notification of Windows about a session says.

/// What happened to a session, by the codes of `WM_WTSSESSION_CHANGE`, which those of the service
/// control `SESSIONCHANGE` are too.
///
/// See <https://learn.microsoft.com/windows/win32/termserv/wm-wtssession-change>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The session came to the computer's own screen.
    ConsoleConnect,
    /// The session left the computer's own screen.
    ConsoleDisconnect,
    /// The session was taken up from another computer.
    RemoteConnect,
    /// The other computer left the session.
    RemoteDisconnect,
    /// A user has logged on to the session.
    Logon,
    /// The user has logged off.
    Logoff,
    /// The session was locked.
    Lock,
    /// The session was unlocked.
    Unlock,
    /// Somebody looks on, or does so no longer.
    RemoteControl,
    /// There is a new session, to which nobody has logged on yet.
    Create,
    /// The session is gone.
    Terminate,
}

impl Notice {
    /// All, in the order of their codes, which begin with 1.
    pub const ALL: [Self; 11] = [
        Self::ConsoleConnect,
        Self::ConsoleDisconnect,
        Self::RemoteConnect,
        Self::RemoteDisconnect,
        Self::Logon,
        Self::Logoff,
        Self::Lock,
        Self::Unlock,
        Self::RemoteControl,
        Self::Create,
        Self::Terminate,
    ];

    /// What this code says; `None` for one that Windows may add one day.
    pub fn from_code(code: u32) -> Option<Self> {
        let place = usize::try_from(code.checked_sub(1)?).ok()?;
        Self::ALL.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_windows_and_others_say_nothing() {
        assert_eq!(Notice::from_code(0), None);
        assert_eq!(Notice::from_code(1), Some(Notice::ConsoleConnect));
        assert_eq!(Notice::from_code(4), Some(Notice::RemoteDisconnect));
        assert_eq!(Notice::from_code(5), Some(Notice::Logon));
        assert_eq!(Notice::from_code(6), Some(Notice::Logoff));
        assert_eq!(Notice::from_code(7), Some(Notice::Lock));
        assert_eq!(Notice::from_code(8), Some(Notice::Unlock));
        assert_eq!(Notice::from_code(11), Some(Notice::Terminate));
        assert_eq!(Notice::from_code(12), None);
        assert_eq!(Notice::from_code(u32::MAX), None);
    }
}
