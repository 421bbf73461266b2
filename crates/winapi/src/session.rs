//! The sessions of this computer, from Remote Desktop Services, which tells of those at the
//! computer itself too.

use std::{
    net::{IpAddr, Ipv4Addr},
    ptr::null_mut,
};

use windows::{
    Win32::{
        Foundation::HANDLE,
        System::RemoteDesktop::{
            WTS_CLIENT_ADDRESS, WTS_INFO_CLASS, WTS_PROTOCOL_TYPE_CONSOLE, WTS_SESSION_INFOW,
            WTSActive, WTSClientAddress, WTSClientName, WTSClientProtocolType, WTSConnectState,
            WTSDomainName, WTSEnumerateSessionsW, WTSFreeMemory, WTSGetActiveConsoleSessionId,
            WTSINFOEXW, WTSQuerySessionInformationW, WTSQueryUserToken, WTSSessionInfoEx,
            WTSUserName,
        },
    },
    core::PWSTR,
};

use crate::{CallFailed, Result, process::Token, text::narrow};

/// What the system tells of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its number.
    pub number: u32,
    /// The user's domain, or the computer's name; empty if it is not told.
    pub domain: String,
    /// The user's name; empty while nobody is logged on.
    pub user: String,
    /// Whether it is to be seen anywhere, if that is told.
    pub is_connected: Option<bool>,
    /// Whether it is seen on another computer.
    pub is_remote: bool,
    /// That computer's name; empty if it is not told.
    pub client_name: String,
    /// That computer's address.
    pub client_address: Option<IpAddr>,
    /// When the user logged on, in the system's unit; 0 if it is not told.
    pub logged_on_at: u64,
    /// Whether it is locked, if that is told.
    pub is_locked: Option<bool>,
}

/// The numbers of all sessions.
///
/// # Errors
///
/// What Windows says.
pub fn session_numbers() -> Result<Vec<u32>> {
    let mut first: *mut WTS_SESSION_INFOW = null_mut();
    let mut count = 0;
    // SAFETY: the places for the answers outlive the call.
    unsafe { WTSEnumerateSessionsW(None, 0, 1, &raw mut first, &raw mut count) }
        .map_err(CallFailed::of("WTSEnumerateSessions"))?;
    if first.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: Windows says that so many lie there; they are ours to free, after which nobody has
    // them.
    unsafe {
        let sessions = std::slice::from_raw_parts(first, count as usize);
        let numbers = sessions.iter().map(|session| session.SessionId).collect();
        WTSFreeMemory(first.cast());
        Ok(numbers)
    }
}

/// The session at the computer's own screen; `None` while there is none.
pub fn console_session() -> Option<u32> {
    // SAFETY: takes no address.
    Some(unsafe { WTSGetActiveConsoleSessionId() }).filter(|number| *number != u32::MAX)
}

/// The token of the user of a session. Only the system itself may ask.
///
/// # Errors
///
/// What Windows says: that nobody is logged on to it.
pub fn user_token(session: u32) -> Result<Token> {
    let mut token = HANDLE::default();
    // SAFETY: the place for the answer outlives the call.
    unsafe { WTSQueryUserToken(session, &raw mut token) }
        .map_err(CallFailed::of("WTSQueryUserToken"))?;
    Ok(Token::from_handle(token))
}

/// What is told of a session; `None` if Windows does not even tell whether it has a user, as while
/// it ends. What else is not told is left open.
pub fn session_info(number: u32) -> Option<SessionInfo> {
    let user = narrow(&ask(number, WTSUserName)?.units());
    let text = |what| ask(number, what).map_or_else(String::new, |answer| narrow(&answer.units()));
    let more = ask(number, WTSSessionInfoEx).and_then(|answer| answer.begin::<WTSINFOEXW>());
    // SAFETY: the answer is on level 1, the only one that there is.
    let more = more
        .filter(|more| more.Level == 1)
        .map(|more| unsafe { more.Data.WTSInfoExLevel1 });
    let state = ask(number, WTSConnectState).and_then(|answer| answer.begin::<i32>());
    let protocol = ask(number, WTSClientProtocolType).and_then(|answer| answer.begin::<u16>());
    let address =
        ask(number, WTSClientAddress).and_then(|answer| answer.begin::<WTS_CLIENT_ADDRESS>());
    Some(SessionInfo {
        number,
        domain: text(WTSDomainName),
        user,
        is_connected: state.map(|state| state == WTSActive.0),
        is_remote: protocol.is_some_and(|kind| u32::from(kind) != WTS_PROTOCOL_TYPE_CONSOLE),
        client_name: text(WTSClientName),
        client_address: address.as_ref().and_then(ip_address),
        logged_on_at: more.map_or(0, |more| more.LogonTime.max(0).cast_unsigned()),
        is_locked: more.and_then(|more| match more.SessionFlags {
            LOCKED => Some(true),
            UNLOCKED => Some(false),
            _ => None,
        }),
    })
}

/// `WTSINFOEX_LEVEL1::SessionFlags`. On Windows 7 and Server 2008 R2, which are not supported,
/// the two have each other's meaning.
const LOCKED: i32 = 0;

/// See [`LOCKED`].
const UNLOCKED: i32 = 1;

/// An answer, copied.
struct Answer(Vec<u8>);

impl Answer {
    /// The structure at its beginning, if it is long enough.
    fn begin<T: Copy>(&self) -> Option<T> {
        let place = self.0.as_ptr().cast::<T>();
        // SAFETY: so many bytes are there; the structures that are asked for are valid whatever
        // the bytes are.
        (self.0.len() >= size_of::<T>()).then(|| unsafe { place.read_unaligned() })
    }

    fn units(&self) -> Vec<u16> {
        let pairs = self.0.chunks_exact(2);
        pairs
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    }
}

fn ask(session: u32, question: WTS_INFO_CLASS) -> Option<Answer> {
    let mut address = PWSTR::null();
    let mut length = 0;
    // SAFETY: the places for the answers outlive the call.
    unsafe {
        WTSQuerySessionInformationW(None, session, question, &raw mut address, &raw mut length)
    }
    .ok()?;
    if address.is_null() {
        return None;
    }
    // SAFETY: Windows says that so many bytes lie there; they are ours to free, after which nobody
    // has them.
    unsafe {
        let bytes = std::slice::from_raw_parts(address.0.cast::<u8>(), length as usize).to_vec();
        WTSFreeMemory(address.0.cast());
        Some(Answer(bytes))
    }
}

/// Where in the answer an address of version 6 stands is not documented: none is better than a
/// wrong one, and the name is told.
///
/// See <https://learn.microsoft.com/windows/win32/api/wtsapi32/ns-wtsapi32-wts_client_address>.
fn ip_address(client: &WTS_CLIENT_ADDRESS) -> Option<IpAddr> {
    let [_, _, a, b, c, d, ..] = client.Address;
    (client.AddressFamily == AF_INET).then(|| IpAddr::from(Ipv4Addr::new(a, b, c, d)))
}

const AF_INET: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_where_windows_puts_them() {
        let mut client = WTS_CLIENT_ADDRESS {
            AddressFamily: AF_INET,
            ..WTS_CLIENT_ADDRESS::default()
        };
        client.Address[2..6].copy_from_slice(&[10, 0, 0, 7]);
        assert_eq!(ip_address(&client).unwrap().to_string(), "10.0.0.7");
        client.AddressFamily = 23;
        assert_eq!(ip_address(&client), None);
    }

    #[test]
    fn session_of_this_process_has_a_user() {
        let own = crate::process::session_of(std::process::id()).unwrap();
        assert!(!session_info(own).unwrap().user.is_empty());
        assert!(Token::own().unwrap().account().unwrap().number() > 0);
    }
}
