//! Processes and the accounts that they run as.

use std::{
    os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle},
    time::Duration,
};

use windows::{
    Win32::{
        Foundation::{FILETIME, HANDLE},
        Security::{
            Authorization::ConvertSidToStringSidW, GetSidSubAuthority, GetSidSubAuthorityCount,
            GetTokenInformation, LookupAccountSidW, PSID, SID_NAME_USE, TOKEN_ELEVATION,
            TOKEN_ELEVATION_TYPE, TOKEN_INFORMATION_CLASS, TOKEN_MANDATORY_LABEL, TOKEN_QUERY,
            TOKEN_USER, TokenElevation, TokenElevationType, TokenElevationTypeFull,
            TokenElevationTypeLimited, TokenIntegrityLevel, TokenUser,
        },
        System::{
            RemoteDesktop::ProcessIdToSessionId,
            Threading::{
                BELOW_NORMAL_PRIORITY_CLASS, GetCurrentProcess, GetProcessTimes, OpenProcess,
                OpenProcessToken, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION,
                QueryFullProcessImageNameW, SetPriorityClass,
            },
        },
    },
    core::{PCWSTR, PWSTR},
};

use crate::{
    CallFailed, Result,
    text::{narrow, pointed_at},
};

/// A process that may be asked about.
#[derive(Debug)]
pub struct Process(OwnedHandle);

/// The account and the rights with which a process runs.
#[derive(Debug)]
pub struct Token(OwnedHandle);

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// Its SID as text, such as `S-1-5-21-1-2-3-1001`.
    pub sid: String,
    /// `DOMAIN\user`; the SID, if it has no name.
    pub name: String,
}

/// Which of a user's tokens it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElevationType {
    /// The user has but this one.
    Default,
    /// The one with all rights of an administrator.
    Full,
    /// The one from which an administrator's rights are taken.
    Limited,
}

impl Process {
    /// The process of this number.
    ///
    /// # Errors
    ///
    /// What Windows says: that it is no more, or may not be asked about.
    pub fn open(number: u32) -> Result<Self> {
        // SAFETY: takes no address.
        let handle = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, false, number) }
            .map_err(CallFailed::of("OpenProcess"))?;
        Ok(Self(own(handle)))
    }

    /// The path of its program.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn image_path(&self) -> Result<String> {
        let mut units = vec![0_u16; LONGEST_PATH];
        let mut length = LONGEST_PATH as u32;
        let place = PWSTR(units.as_mut_ptr());
        // SAFETY: the buffer is as long as `length` says.
        unsafe {
            QueryFullProcessImageNameW(self.handle(), PROCESS_NAME_WIN32, place, &raw mut length)
        }
        .map_err(CallFailed::of("QueryFullProcessImageName"))?;
        Ok(narrow(&units))
    }

    /// Its token.
    ///
    /// # Errors
    ///
    /// What Windows says: that it may not be asked about.
    pub fn token(&self) -> Result<Token> {
        Token::of(self.handle())
    }

    fn handle(&self) -> HANDLE {
        HANDLE(self.0.as_raw_handle())
    }
}

impl Token {
    /// This process's own.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn own() -> Result<Self> {
        // SAFETY: takes no address.
        Self::of(unsafe { GetCurrentProcess() })
    }

    fn of(process: HANDLE) -> Result<Self> {
        let mut token = HANDLE::default();
        // SAFETY: the place for the answer outlives the call.
        unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) }
            .map_err(CallFailed::of("OpenProcessToken"))?;
        Ok(Self(own(token)))
    }

    /// A token that Windows gave.
    pub(crate) fn from_handle(handle: HANDLE) -> Self {
        Self(own(handle))
    }

    pub(crate) fn handle(&self) -> HANDLE {
        HANDLE(self.0.as_raw_handle())
    }

    /// Its account.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn account(&self) -> Result<Account> {
        let answer = self.ask(TokenUser)?;
        let user: TOKEN_USER = answer.begin()?;
        // SAFETY: the SID lies within `answer`.
        unsafe { describe(user.User.Sid) }
    }

    /// Whether it has an administrator's rights by elevation.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn is_elevated(&self) -> Result<bool> {
        let elevation: TOKEN_ELEVATION = self.ask(TokenElevation)?.begin()?;
        Ok(elevation.TokenIsElevated != 0)
    }

    /// Which of its user's tokens it is.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn elevation_type(&self) -> Result<ElevationType> {
        let kind: TOKEN_ELEVATION_TYPE = self.ask(TokenElevationType)?.begin()?;
        Ok(if kind == TokenElevationTypeFull {
            ElevationType::Full
        } else if kind == TokenElevationTypeLimited {
            ElevationType::Limited
        } else {
            ElevationType::Default
        })
    }

    /// Its integrity level: 0x2000 is an ordinary program's, 0x3000 an administrator's, 0x4000 the
    /// system's.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn integrity(&self) -> Result<u32> {
        let answer = self.ask(TokenIntegrityLevel)?;
        let label: TOKEN_MANDATORY_LABEL = answer.begin()?;
        // SAFETY: the SID lies within `answer`; the last of its parts is read, which it has.
        unsafe {
            let parts = *GetSidSubAuthorityCount(label.Label.Sid);
            Ok(*GetSidSubAuthority(
                label.Label.Sid,
                u32::from(parts.saturating_sub(1)),
            ))
        }
    }

    fn ask(&self, question: TOKEN_INFORMATION_CLASS) -> Result<Answer> {
        // In units that every structure of Windows may begin at.
        let mut answer = vec![0_u64; LONGEST_ANSWER];
        let place = answer.as_mut_ptr().cast();
        let mut length = 0;
        let bytes = size_of_val(&answer[..]) as u32;
        // SAFETY: the place for the answer is that long.
        unsafe {
            GetTokenInformation(self.handle(), question, Some(place), bytes, &raw mut length)
        }
        .map_err(CallFailed::of("GetTokenInformation"))?;
        Ok(Answer {
            units: answer,
            length: length as usize,
        })
    }
}

impl Account {
    /// The last part of the SID.
    pub fn number(&self) -> u32 {
        let last = self.sid.rsplit('-').next();
        last.and_then(|part| part.parse().ok()).unwrap_or_default()
    }
}

/// The session that a process is in.
///
/// # Errors
///
/// What Windows says: that it is no more.
pub fn session_of(process: u32) -> Result<u32> {
    let mut session = 0;
    // SAFETY: the place for the answer outlives the call.
    unsafe { ProcessIdToSessionId(process, &raw mut session) }
        .map_err(CallFailed::of("ProcessIdToSessionId"))?;
    Ok(session)
}

/// The processor time that this process has used.
pub fn own_cpu_time() -> Duration {
    let mut times = [FILETIME::default(); 4];
    let [created, ended, kernel, user] = &mut times;
    // SAFETY: the places for the answers outlive the call.
    let asked = unsafe {
        GetProcessTimes(
            GetCurrentProcess(),
            &raw mut *created,
            &raw mut *ended,
            &raw mut *kernel,
            &raw mut *user,
        )
    };
    if asked.is_err() {
        return Duration::ZERO;
    }
    let hundreds_of_nanos =
        |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_nanos(
        (hundreds_of_nanos(times[2]) + hundreds_of_nanos(times[3])).saturating_mul(100),
    )
}

/// Makes this process stand back behind the user's programs.
///
/// # Errors
///
/// What Windows says.
pub fn stand_back() -> Result<()> {
    // SAFETY: takes no address.
    unsafe { SetPriorityClass(GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS) }
        .map_err(CallFailed::of("SetPriorityClass"))
}

/// What was answered about a token.
struct Answer {
    units: Vec<u64>,
    length: usize,
}

impl Answer {
    /// The structure at its beginning.
    fn begin<T: Copy>(&self) -> Result<T> {
        if self.length < size_of::<T>() || align_of::<T>() > align_of::<u64>() {
            return Err(CallFailed::last("GetTokenInformation"));
        }
        // SAFETY: so many bytes were answered, at a place where such a structure may be; those
        // that are asked for are valid whatever the bytes are.
        Ok(unsafe { self.units.as_ptr().cast::<T>().read() })
    }
}

/// # Safety
///
/// The SID is valid.
unsafe fn describe(sid: PSID) -> Result<Account> {
    let mut text = PWSTR::null();
    // SAFETY: the place for the answer outlives the call.
    unsafe { ConvertSidToStringSidW(sid, &raw mut text) }
        .map_err(CallFailed::of("ConvertSidToStringSid"))?;
    // SAFETY: Windows answered with text, which is ours to free.
    let sid_text = unsafe {
        let copy = pointed_at(text);
        windows::Win32::Foundation::LocalFree(Some(windows::Win32::Foundation::HLOCAL(
            text.0.cast(),
        )));
        copy
    };
    let (mut name, mut domain) = ([0_u16; LONGEST_NAME], [0_u16; LONGEST_NAME]);
    let (mut name_length, mut domain_length) = (LONGEST_NAME as u32, LONGEST_NAME as u32);
    let mut kind = SID_NAME_USE::default();
    // SAFETY: the places for the answers are as long as their lengths say.
    let found = unsafe {
        LookupAccountSidW(
            PCWSTR::null(),
            sid,
            Some(PWSTR(name.as_mut_ptr())),
            &raw mut name_length,
            Some(PWSTR(domain.as_mut_ptr())),
            &raw mut domain_length,
            &raw mut kind,
        )
    };
    let name = match (found, narrow(&domain), narrow(&name)) {
        (Ok(()), domain, name) if domain.is_empty() => name,
        (Ok(()), domain, name) => format!("{domain}\\{name}"),
        (Err(_), ..) => sid_text.clone(),
    };
    Ok(Account {
        sid: sid_text,
        name,
    })
}

/// A handle that Windows made for us.
fn own(handle: HANDLE) -> OwnedHandle {
    // SAFETY: each caller has just got it from a call that succeeded, and gives it away here.
    unsafe { OwnedHandle::from_raw_handle(handle.0) }
}

const LONGEST_PATH: usize = 32 << 10;

const LONGEST_NAME: usize = 512;

/// In units of 8 bytes.
const LONGEST_ANSWER: usize = 128;
