//! Accounts and their groups.

use std::{ptr::null_mut, slice};

use windows::{
    Win32::NetworkManagement::NetManagement::{
        LG_INCLUDE_INDIRECT, LOCALGROUP_USERS_INFO_0, MAX_PREFERRED_LENGTH, NetApiBufferFree,
        NetUserGetLocalGroups,
    },
    core::{HRESULT, PCWSTR},
};

use crate::{
    CallFailed, Result,
    text::{pointed_at, wide},
};

/// The names of this computer's groups in which an account is, also by being in a group of its
/// domain. The account is given as `DOMAIN\user`.
///
/// # Errors
///
/// What Windows says.
pub fn local_groups(account: &str) -> Result<Vec<String>> {
    let account = wide(account);
    let mut buffer: *mut u8 = null_mut();
    let (mut count, mut total) = (0, 0);
    // SAFETY: the text ends with a zero, and the places for the answers outlive the call.
    let code = unsafe {
        NetUserGetLocalGroups(
            PCWSTR::null(),
            PCWSTR(account.as_ptr()),
            0,
            LG_INCLUDE_INDIRECT,
            &raw mut buffer,
            MAX_PREFERRED_LENGTH,
            &raw mut count,
            &raw mut total,
        )
    };
    let answer = HRESULT::from_win32(code).ok();
    if answer.is_err() || buffer.is_null() {
        answer.map_err(CallFailed::of("NetUserGetLocalGroups"))?;
        return Ok(Vec::new());
    }
    // SAFETY: Windows says that so many lie there, each with a text that ends with a zero; they are
    // ours to free, after which nobody has them.
    unsafe {
        let groups =
            slice::from_raw_parts(buffer.cast::<LOCALGROUP_USERS_INFO_0>(), count as usize);
        let names = groups
            .iter()
            .map(|group| pointed_at(group.lgrui0_name))
            .collect();
        NetApiBufferFree(Some(buffer.cast_const().cast()));
        Ok(names)
    }
}
