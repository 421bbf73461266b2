//! Who may do what, written in Windows' own language for it.
//!
//! See <https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format>.

use windows::{
    Win32::{
        Foundation::{HLOCAL, LocalFree},
        Security::{
            ACL,
            Authorization::{
                ConvertSecurityDescriptorToStringSecurityDescriptorW,
                ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW,
                SDDL_REVISION_1, SE_FILE_OBJECT,
            },
            DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, GetSecurityDescriptorOwner,
            PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES,
        },
    },
    core::{BOOL, PCWSTR, PWSTR},
};

use crate::{
    CallFailed, Result,
    text::{pointed_at, wide},
};

/// A security descriptor of ours.
pub(crate) struct Descriptor(PSECURITY_DESCRIPTOR);

impl Descriptor {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = wide(text);
        let mut descriptor = PSECURITY_DESCRIPTOR::default();
        // SAFETY: the text ends with a zero, and the place for the answer outlives the call.
        unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                PCWSTR(text.as_ptr()),
                SDDL_REVISION_1,
                &raw mut descriptor,
                None,
            )
        }
        .map_err(CallFailed::of(
            "ConvertStringSecurityDescriptorToSecurityDescriptor",
        ))?;
        Ok(Self(descriptor))
    }

    /// That of a file or folder, whose path ends with a zero: its list alone.
    pub(crate) fn of_file(path: &[u16]) -> Result<Self> {
        let mut descriptor = PSECURITY_DESCRIPTOR::default();
        // SAFETY: the path ends with a zero, and the place for the answer outlives the call.
        unsafe {
            GetNamedSecurityInfoW(
                PCWSTR(path.as_ptr()),
                SE_FILE_OBJECT,
                DACL_SECURITY_INFORMATION,
                None,
                None,
                None,
                None,
                &raw mut descriptor,
            )
        }
        .ok()
        .map_err(CallFailed::of("GetNamedSecurityInfo"))?;
        Ok(Self(descriptor))
    }

    /// Its list, in Windows' own language for it.
    pub(crate) fn list_in_words(&self) -> Result<String> {
        let mut text = PWSTR::null();
        // SAFETY: the descriptor is valid, and the place for the answer outlives the call.
        unsafe {
            ConvertSecurityDescriptorToStringSecurityDescriptorW(
                self.0,
                SDDL_REVISION_1,
                DACL_SECURITY_INFORMATION,
                &raw mut text,
                None,
            )
        }
        .map_err(CallFailed::of(
            "ConvertSecurityDescriptorToStringSecurityDescriptor",
        ))?;
        // SAFETY: Windows ends it with a zero.
        let words = unsafe { pointed_at(text) };
        // SAFETY: Windows gave it to us to free, and nobody else has it.
        unsafe { LocalFree(Some(HLOCAL(text.0.cast()))) };
        Ok(words)
    }

    /// Its list of who may do what, which is valid as long as this value.
    pub(crate) fn access_list(&self) -> Result<*const ACL> {
        let (mut is_there, mut is_default) = (BOOL(0), BOOL(0));
        let mut list = std::ptr::null_mut();
        // SAFETY: the descriptor is valid, and the places for the answers outlive the call.
        unsafe {
            GetSecurityDescriptorDacl(
                self.0,
                &raw mut is_there,
                &raw mut list,
                &raw mut is_default,
            )
        }
        .map_err(CallFailed::of("GetSecurityDescriptorDacl"))?;
        Ok(list)
    }

    /// Whose it is, which is valid as long as this value.
    pub(crate) fn owner(&self) -> Result<PSID> {
        let (mut owner, mut is_default) = (PSID::default(), BOOL(0));
        // SAFETY: the descriptor is valid, and the places for the answers outlive the call.
        unsafe { GetSecurityDescriptorOwner(self.0, &raw mut owner, &raw mut is_default) }
            .map_err(CallFailed::of("GetSecurityDescriptorOwner"))?;
        Ok(owner)
    }

    /// What a thing is made with, to have this descriptor. Valid as long as this value.
    pub(crate) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: self.0.0,
            bInheritHandle: false.into(),
        }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: Windows gave it to us to free, and nobody else has it.
        unsafe { LocalFree(Some(HLOCAL(self.0.0))) };
    }
}
