//! What it means when Windows does not give a picture.

/// A call of the duplication that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The `HRESULT`.
    pub(crate) code: u32,
    /// What Windows says, for the log.
    pub(crate) reason: String,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// This computer, or this session, does not offer duplication at all.
    NotOffered,
    /// What was opened is of no use any more: the desktop is another one, the mode or the driver
    /// has changed. Opening it again helps, now or in a moment.
    Lost,
}

impl Refused {
    /// What follows from it. What is not known is worth another try.
    pub(crate) const fn meaning(&self) -> Meaning {
        match self.code {
            E_NOTIMPL | DXGI_ERROR_UNSUPPORTED | MODULE_NOT_FOUND | PROCEDURE_NOT_FOUND => {
                Meaning::NotOffered
            }
            _ => Meaning::Lost,
        }
    }
}

/// What Wine answers, and drivers that do not know of duplication.
const E_NOTIMPL: u32 = 0x8000_4001;

/// What a session without desktop composition answers, and an adapter that only calculates.
const DXGI_ERROR_UNSUPPORTED: u32 = 0x887a_0004;

/// `ERROR_MOD_NOT_FOUND`: systems without Direct3D.
const MODULE_NOT_FOUND: u32 = 0x8007_007e;

/// `ERROR_PROC_NOT_FOUND`: the same, of another age.
const PROCEDURE_NOT_FOUND: u32 = 0x8007_007f;

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(code: u32) -> Meaning {
        let reason = String::new();
        Refused { code, reason }.meaning()
    }

    /// The codes are those of <https://learn.microsoft.com/windows/win32/direct3ddxgi/dxgi-error>.
    #[test]
    fn only_what_will_never_work_is_given_up() {
        for (code, name) in [
            (0x887a_0026, "DXGI_ERROR_ACCESS_LOST"),
            (0x887a_0025, "DXGI_ERROR_MODE_CHANGE_IN_PROGRESS"),
            (0x887a_0028, "DXGI_ERROR_SESSION_DISCONNECTED"),
            (0x887a_0022, "DXGI_ERROR_NOT_CURRENTLY_AVAILABLE"),
            (0x887a_0005, "DXGI_ERROR_DEVICE_REMOVED"),
            (0x887a_0007, "DXGI_ERROR_DEVICE_RESET"),
            (0x887a_0001, "DXGI_ERROR_INVALID_CALL"),
            (0x887a_0002, "DXGI_ERROR_NOT_FOUND"),
            (
                0x8007_0005,
                "E_ACCESSDENIED, while the secure desktop is shown",
            ),
            (0x8000_ffff, "E_UNEXPECTED"),
        ] {
            assert_eq!(meaning(code), Meaning::Lost, "{name}");
        }
        for code in [0x8000_4001, 0x887a_0004, 0x8007_007e, 0x8007_007f] {
            assert_eq!(meaning(code), Meaning::NotOffered, "{code:x}");
        }
    }
}
