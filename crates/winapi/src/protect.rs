//! Secrets that only this computer can read (DPAPI).

use std::ptr::null_mut;

use windows::Win32::{
    Foundation::{HLOCAL, LocalFree},
    Security::Cryptography::{
        CRYPT_INTEGER_BLOB, CRYPTPROTECT_LOCAL_MACHINE, CRYPTPROTECT_UI_FORBIDDEN,
        CryptProtectData, CryptUnprotectData,
    },
};

use crate::{CallFailed, Result};

/// Seals a secret so that only this computer can open it. Any account of it can, so that the file
/// has to be closed to others too.
///
/// # Errors
///
/// What Windows says.
pub fn seal(secret: &[u8]) -> Result<Vec<u8>> {
    let (plain, mut sealed) = (blob(secret), empty());
    let flags = CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN;
    // SAFETY: the secret is not written to, and the place for the answer outlives the call.
    unsafe {
        CryptProtectData(
            &raw const plain,
            None,
            None,
            None,
            None,
            flags,
            &raw mut sealed,
        )
    }
    .map_err(CallFailed::of("CryptProtectData"))?;
    // SAFETY: Windows has just answered so.
    Ok(unsafe { take(sealed) })
}

/// Opens what was sealed on this computer.
///
/// # Errors
///
/// What Windows says: that it was not, or is damaged.
pub fn open(sealed: &[u8]) -> Result<Vec<u8>> {
    let (sealed, mut secret) = (blob(sealed), empty());
    // SAFETY: as above.
    unsafe {
        CryptUnprotectData(
            &raw const sealed,
            None,
            None,
            None,
            None,
            CRYPTPROTECT_UI_FORBIDDEN,
            &raw mut secret,
        )
    }
    .map_err(CallFailed::of("CryptUnprotectData"))?;
    // SAFETY: as above.
    Ok(unsafe { take(secret) })
}

fn empty() -> CRYPT_INTEGER_BLOB {
    CRYPT_INTEGER_BLOB {
        cbData: 0,
        pbData: null_mut(),
    }
}

fn blob(bytes: &[u8]) -> CRYPT_INTEGER_BLOB {
    CRYPT_INTEGER_BLOB {
        cbData: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        pbData: bytes.as_ptr().cast_mut(),
    }
}

/// # Safety
///
/// Windows answered with these bytes, which are ours to free.
unsafe fn take(answer: CRYPT_INTEGER_BLOB) -> Vec<u8> {
    if answer.pbData.is_null() {
        return Vec::new();
    }
    // SAFETY: as the caller promises. What was secret is not left behind.
    unsafe {
        let bytes = std::slice::from_raw_parts_mut(answer.pbData, answer.cbData as usize);
        let copy = bytes.to_vec();
        bytes.fill(0);
        LocalFree(Some(HLOCAL(answer.pbData.cast())));
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_opened_again_and_nothing_else_is() {
        let sealed = seal(b"secret").unwrap();
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
        assert_eq!(open(&sealed).unwrap(), b"secret");
        assert!(open(b"secret").is_err());
        assert_eq!(open(&seal(b"").unwrap()).unwrap(), b"");
    }
}
