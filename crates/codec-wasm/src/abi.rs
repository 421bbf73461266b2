//! The exported functions: plain numbers in and out.
//!
//! A session is a small number. Bytes go in through the memory that [`eid_input`] names; results
//! come out at addresses that hold until the next call for the same session. Functions that can
//! fail return a negative number, [`FailureKind`] negated, and keep the message for
//! [`eid_failure_ptr`]. Times are microseconds since the segment's start; -1 stands for none.

#![expect(
    unsafe_code,
    reason = "exported names; no code here reads or writes through an address"
)]

use std::cell::RefCell;

use eidetic_codec::{HashCheck, MediaTime};

use crate::session::{Failure, FailureKind, SegmentSession};

/// The version of these functions: the page checks it before anything else.
// SAFETY: the name starts with the module's own prefix, which nothing else defines. The same
// holds for each name below.
#[unsafe(no_mangle)]
pub extern "C" fn eid_abi_version() -> u32 {
    1
}

/// Makes a session that takes at most `memory_limit_bytes`; 0 if there are too many.
#[unsafe(no_mangle)]
pub extern "C" fn eid_new(memory_limit_bytes: u32) -> u32 {
    SESSIONS.with_borrow_mut(|sessions| {
        let free = sessions.iter().position(Option::is_none);
        let index = free.unwrap_or(sessions.len());
        if index == MAX_SESSIONS {
            return 0;
        }
        if index == sessions.len() {
            sessions.push(None);
        }
        sessions[index] = Some(SegmentSession::new(memory_limit_bytes as usize));
        index as u32 + 1
    })
}

/// Ends a session and frees its memory.
#[unsafe(no_mangle)]
pub extern "C" fn eid_delete(session: u32) {
    SESSIONS.with_borrow_mut(|sessions| {
        if let Some(slot) = slot(session).and_then(|index| sessions.get_mut(index)) {
            *slot = None;
        }
    });
}

/// Whether pictures are compared with the segment's hashes (1, the default) or not (0).
#[unsafe(no_mangle)]
pub extern "C" fn eid_set_hash_check(session: u32, verify: u32) -> i32 {
    run(session, |session| {
        session.set_hash_check(if verify == 0 {
            HashCheck::Trust
        } else {
            HashCheck::Verify
        });
        Ok(0)
    })
}

/// Where to put `length` bytes for the next call; null if there is no such session.
#[unsafe(no_mangle)]
pub extern "C" fn eid_input(session: u32, length: u32) -> *mut u8 {
    with(session, core::ptr::null_mut(), |session| {
        session.input(length as usize).as_mut_ptr()
    })
}

/// Reads the header from the input: its bytes, or 0 if the input is too short.
#[unsafe(no_mangle)]
pub extern "C" fn eid_open(session: u32) -> i32 {
    run(session, |session| Ok(session.open()?.unwrap_or(0) as i32))
}

/// The next bytes pushed are those at `offset`, which is a key frame's.
#[unsafe(no_mangle)]
pub extern "C" fn eid_start_at(session: u32, offset: f64) -> i32 {
    run(session, |session| {
        session.start_at(offset as u64)?;
        Ok(0)
    })
}

/// Adds the input to the undecoded bytes.
#[unsafe(no_mangle)]
pub extern "C" fn eid_push(session: u32) -> i32 {
    run(session, |session| {
        session.push()?;
        Ok(0)
    })
}

/// The time of the next frame whose packet has arrived as a whole; -1 if there is none, less if
/// reading failed: then the failure's kind, negated, less 1.
#[unsafe(no_mangle)]
pub extern "C" fn eid_next_time(session: u32) -> f64 {
    with(session, -2.0, |session| match session.next_time() {
        Ok(time) => time.map_or(-1.0, |time| time.as_micros() as f64),
        Err(failure) => {
            let code = -(failure.kind as i32) - 1;
            session.set_failure(failure);
            f64::from(code)
        }
    })
}

/// Decodes the frames up to and including `time`: how many.
#[unsafe(no_mangle)]
pub extern "C" fn eid_decode_until(session: u32, time: f64) -> i32 {
    run(session, |session| {
        let decoded = session.decode_until(MediaTime::from_micros(time as u64))?;
        Ok(i32::try_from(decoded).unwrap_or(i32::MAX))
    })
}

/// Reads the end packet from the input, the segment's last bytes: how many of them it takes,
/// 0 if there is none; if that is more than the input, try again with as many.
#[unsafe(no_mangle)]
pub extern "C" fn eid_read_end(session: u32) -> i32 {
    run(session, |session| {
        Ok(i32::try_from(session.read_end()?).unwrap_or(i32::MAX))
    })
}

/// The key frames that the end packet lists: pairs of offset and time.
#[unsafe(no_mangle)]
pub extern "C" fn eid_index_ptr(session: u32) -> *const f64 {
    with(session, core::ptr::null(), |session| {
        session.index().as_ptr()
    })
}

/// How many numbers are at [`eid_index_ptr`].
#[unsafe(no_mangle)]
pub extern "C" fn eid_index_len(session: u32) -> u32 {
    with(session, 0, |session| session.index().len() as u32)
}

/// Ten numbers about the segment, see [`SegmentSession::info`]; only once it is open.
#[unsafe(no_mangle)]
pub extern "C" fn eid_info_ptr(session: u32) -> *const f64 {
    with(session, core::ptr::null(), |session| {
        session.info().as_ptr()
    })
}

/// The picture: red, green, blue, 255 of each pixel.
#[unsafe(no_mangle)]
pub extern "C" fn eid_pixels_ptr(session: u32) -> *const u8 {
    with(session, core::ptr::null(), |session| {
        session.pixels().as_ptr()
    })
}

/// How many bytes are at [`eid_pixels_ptr`].
#[unsafe(no_mangle)]
pub extern "C" fn eid_pixels_len(session: u32) -> u32 {
    with(session, 0, |session| session.pixels().len() as u32)
}

/// Gathers what changed since the last call: how many rectangles.
#[unsafe(no_mangle)]
pub extern "C" fn eid_take_changes(session: u32) -> u32 {
    with(session, 0, |session| {
        session.take_changes().len() as u32 / 4
    })
}

/// The rectangles: x, y, width and height of each.
#[unsafe(no_mangle)]
pub extern "C" fn eid_changes_ptr(session: u32) -> *const u32 {
    with(session, core::ptr::null(), |session| {
        session.changes().as_ptr()
    })
}

/// The message of the last failure, as UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn eid_failure_ptr(session: u32) -> *const u8 {
    with(session, core::ptr::null(), |session| {
        session
            .failure()
            .map_or(core::ptr::null(), |failure| failure.message.as_ptr())
    })
}

/// How many bytes are at [`eid_failure_ptr`].
#[unsafe(no_mangle)]
pub extern "C" fn eid_failure_len(session: u32) -> u32 {
    with(session, 0, |session| {
        session
            .failure()
            .map_or(0, |failure| failure.message.len() as u32)
    })
}

/// Calls something that can fail and keeps the failure.
fn run(session: u32, call: impl FnOnce(&mut SegmentSession) -> Result<i32, Failure>) -> i32 {
    with(session, -(FailureKind::Usage as i32), |session| {
        call(session).unwrap_or_else(|failure| {
            let code = -(failure.kind as i32);
            session.set_failure(failure);
            code
        })
    })
}

fn with<T>(session: u32, missing: T, call: impl FnOnce(&mut SegmentSession) -> T) -> T {
    SESSIONS.with_borrow_mut(|sessions| {
        let session = slot(session)
            .and_then(|index| sessions.get_mut(index))
            .and_then(Option::as_mut);
        match session {
            Some(session) => call(session),
            None => missing,
        }
    })
}

/// Sessions count from 1, so that 0 can mean none.
fn slot(session: u32) -> Option<usize> {
    session.checked_sub(1).map(|index| index as usize)
}

thread_local! {
    static SESSIONS: RefCell<Vec<Option<SegmentSession>>> = const { RefCell::new(Vec::new()) };
}

/// A page that opens more has forgotten to delete.
const MAX_SESSIONS: usize = 64;
