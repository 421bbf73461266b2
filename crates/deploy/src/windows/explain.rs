//! What Windows' numbers mean, and what to do about them.

/// The status that a request was refused with.
pub(super) const fn status(error: &smb2::Error) -> Option<u32> {
    match error {
        smb2::Error::Protocol { status, .. } => Some(status.0),
        _ => None,
    }
}

/// Why an account is not let in (MS-ERREF, section 2.3).
pub(super) fn sign_in(status: u32) -> String {
    let reason = match status {
        0xC000_006D | 0xC000_006A | 0xC000_0064 => {
            "the name or the password is wrong; accounts of a domain are written DOMAIN\\user"
        }
        0xC000_0234 => {
            "the account is locked after too many wrong passwords: unlock it, or wait until \
             it is unlocked by itself"
        }
        0xC000_0072 => "the account is disabled: enable it, or use another one",
        0xC000_0193 => "the account has expired: extend it, or use another one",
        0xC000_0071 => "its password has expired: change it, then give the new one here",
        0xC000_0224 => {
            "its password must be changed before it is used the first time: sign in with it once"
        }
        0xC000_006E => {
            "a restriction of the account forbids it: accounts without a password cannot sign in \
             over the network"
        }
        0xC000_006F => "the account may not sign in at this time of day",
        0xC000_0070 => "the account may not sign in from this computer",
        0xC000_015B => {
            "it may not sign in over the network: allow it `Access this computer from the \
             network` in the security policy, and take it out of `Deny access`"
        }
        0xC000_005E => {
            "the computer reaches no domain controller: check its network, or use an account of \
             the computer itself"
        }
        0xC000_018D | 0xC000_018B => {
            "the computer's trust with its domain is broken: join it to the domain again"
        }
        0xC000_0133 => "the clocks of the computer and of the domain differ too much: set them",
        0xC000_0418 => {
            "NTLM is blocked there by a security policy, and this server signs in by NTLM: allow \
             it for this computer, or install there with another tool (docs/deployment.md)"
        }
        0xC000_0022 => "it is not allowed to sign in over the network",
        status => return format!("Windows refuses with status {status:#010X}"),
    };
    reason.to_owned()
}

/// What the service manager refuses with (MS-ERREF, section 2.2).
pub(super) fn service_manager(code: u32) -> &'static str {
    match code {
        2 | 3 => {
            "the program that was copied is not there any more: a virus scanner may have taken \
             it; except the agent there"
        }
        5 => {
            "access is denied: if the account is an administrator, a virus scanner or a security \
             policy keeps services from being made over the network"
        }
        193 | 216 => "its processor or its system is another one than the agent's, 64 bits of x86",
        225 | 226 => "a virus scanner took the agent for something else: except it there",
        577 => "a policy lets only signed programs run: have the agent's package signed",
        1053 => {
            "the program did not answer in time: the computer may be very busy, or a virus \
             scanner looks at it; try again"
        }
        1058 => "services of this kind are disabled",
        1072 => "it is being removed: close the console `Services` there, and try again",
        1115 => "the computer shuts down: try again when it is up",
        1260 => "a policy (AppLocker, software restrictions) does not let the agent run: allow it",
        4551 => "a policy (Windows Defender Application Control) does not let it run: allow it",
        _ => "see `net helpmsg` with this number on a Windows computer",
    }
}

/// What Windows Installer ended with (msi.h: "MsiExec.exe and InstMsi.exe error messages").
pub(super) fn installer(code: u32) -> &'static str {
    match code {
        1602 => "somebody cancelled it",
        1603 => "it failed, and nothing is changed",
        1605 => "the agent is not installed",
        1612 | 1706 => "the package that it was installed from is needed, and not there",
        1618 => "another installation runs there: it is tried again",
        1619 | 1620 => "the package cannot be opened: copy it to the server anew",
        1625 | 1643 | 1644 => "a policy forbids installing it: allow it in the group policy",
        1633 => "the computer is not of the kind that the package is for, 64 bits of x86",
        1638 => "another version is installed that it cannot replace: remove that one first",
        1639 | 1640 => "it refuses what it was told",
        112 => "the disk is full: make room there and try again",
        1601 => "the service `Windows Installer` does not run: start it there",
        1631 | 1632 => "the folder for temporary files is full or cannot be written to",
        _ => "the log of Windows Installer may say more: install the package by hand once",
    }
}

/// Another installation, which ends sooner or later.
pub(super) const ANOTHER_INSTALLATION: u32 = 1618;

pub(super) const WINDOWS_ACCESS_DENIED: u32 = 5;
pub(super) const ACCESS_DENIED: u32 = 0xC000_0022;
pub(super) const BAD_NETWORK_NAME: u32 = 0xC000_00CC;
pub(super) const DISK_FULL: u32 = 0xC000_007F;
pub(super) const NOT_FOUND: u32 = 0xC000_0034;
pub(super) const NOT_SUPPORTED: u32 = 0xC000_00BB;
