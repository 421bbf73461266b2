//! Who may enter a folder.

use std::path::Path;

use windows::{
    Win32::Security::{
        Authorization::{SE_FILE_OBJECT, SetNamedSecurityInfoW},
        DACL_SECURITY_INFORMATION, OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION,
    },
    Win32::Storage::FileSystem::GetDiskFreeSpaceExW,
    core::PCWSTR,
};

use crate::{CallFailed, Result, descriptor::Descriptor, text::wide};

/// Makes a folder the administrators' own, and closes it to everybody but them and the system, with
/// all that is made in it later. Whoever made it could open it again otherwise.
///
/// # Errors
///
/// What Windows says.
pub fn close_to_others(folder: &Path) -> Result<()> {
    let descriptor = Descriptor::parse(SYSTEM_AND_ADMINISTRATORS)?;
    let (list, owner) = (descriptor.access_list()?, descriptor.owner()?);
    let path = wide(&folder.to_string_lossy());
    let what = OWNER_SECURITY_INFORMATION
        | DACL_SECURITY_INFORMATION
        | PROTECTED_DACL_SECURITY_INFORMATION;
    // SAFETY: the path ends with a zero, and owner and list are valid as long as the descriptor.
    unsafe {
        SetNamedSecurityInfoW(
            PCWSTR(path.as_ptr()),
            SE_FILE_OBJECT,
            what,
            Some(owner),
            None,
            Some(list),
            None,
        )
    }
    .ok()
    .map_err(CallFailed::of("SetNamedSecurityInfo"))
}

/// Who may enter a folder, in Windows' own language for it.
///
/// # Errors
///
/// What Windows says.
pub fn access_list(folder: &Path) -> Result<String> {
    let path = wide(&folder.to_string_lossy());
    Descriptor::of_file(&path)?.list_in_words()
}

/// Whether a list that [`access_list`] told is that of [`close_to_others`].
pub fn is_closed(list: &str) -> bool {
    let mut entries: Vec<_> = list.split('(').skip(1).collect();
    entries.sort_unstable();
    list.starts_with("D:P") && entries == ["A;OICI;FA;;;BA)", "A;OICI;FA;;;SY)"]
}

/// How many bytes are free on the disk of a folder, for this account.
///
/// # Errors
///
/// What Windows says.
pub fn free_bytes(folder: &Path) -> Result<u64> {
    let path = wide(&folder.to_string_lossy());
    let mut free = 0;
    // SAFETY: the path ends with a zero, and the place for the answer outlives the call.
    unsafe { GetDiskFreeSpaceExW(PCWSTR(path.as_ptr()), Some(&raw mut free), None, None) }
        .map_err(CallFailed::of("GetDiskFreeSpaceEx"))?;
    Ok(free)
}

/// Nothing is taken over from above; what is in it takes over this.
const SYSTEM_AND_ADMINISTRATORS: &str = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_folder_can_still_be_used_by_the_system_and_administrators() {
        let folder = tempfile::tempdir().unwrap();
        close_to_others(folder.path()).unwrap();
        std::fs::write(folder.path().join("file"), b"content").unwrap();
        assert!(close_to_others(&folder.path().join("missing")).is_err());
        assert!(!access_list(folder.path()).unwrap().is_empty());
        assert!(free_bytes(folder.path()).unwrap() > 0);
    }

    #[test]
    fn closed_list_is_known_whatever_its_order() {
        let list = SYSTEM_AND_ADMINISTRATORS.strip_prefix("O:BA").unwrap();
        assert!(is_closed(list));
        assert!(is_closed("D:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"));
        assert!(!is_closed("D:AI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"));
        assert!(!is_closed(
            "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FR;;;BU)"
        ));
    }
}
