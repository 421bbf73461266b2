//! Who may enter a folder.

use std::path::Path;

use windows::{
    Win32::Security::{
        Authorization::{SE_FILE_OBJECT, SetNamedSecurityInfoW},
        DACL_SECURITY_INFORMATION, OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION,
    },
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
    }
}
