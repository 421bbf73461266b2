//! What a program's file says of itself.

use std::{ffi::c_void, ptr::null_mut};

use windows::{
    Win32::Storage::FileSystem::{GetFileVersionInfoSizeW, GetFileVersionInfoW, VerQueryValueW},
    core::PCWSTR,
};

use crate::text::{narrow, wide};

/// The File description in the version resource of this file, if it has one.
pub fn file_description(path: &str) -> Option<String> {
    let resource = Resource::read(path)?;
    let languages = resource.value("\\VarFileInfo\\Translation").unwrap_or(&[]);
    let languages = languages.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    // What programs have that say nothing of their language.
    let usual = [(0x0409, 0x04b0), (0x0409, 0x04e4), (0, 0x04b0)];
    languages
        .chain(usual)
        .find_map(|(language, page)| {
            let name = format!("\\StringFileInfo\\{language:04x}{page:04x}\\FileDescription");
            Some(narrow(resource.value(&name)?))
        })
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// A version resource.
struct Resource(Vec<u8>);

impl Resource {
    fn read(path: &str) -> Option<Self> {
        let path = wide(path);
        let path = PCWSTR(path.as_ptr());
        // SAFETY: the path ends with a zero.
        let length = unsafe { GetFileVersionInfoSizeW(path, None) };
        if length == 0 || length as usize > LARGEST {
            return None;
        }
        let mut bytes = vec![0_u8; length as usize];
        let place = bytes.as_mut_ptr().cast();
        // SAFETY: the place for the answer is that long.
        unsafe { GetFileVersionInfoW(path, None, length, place) }.ok()?;
        Some(Self(bytes))
    }

    /// A value of it, in units of 16 bits.
    fn value(&self, name: &str) -> Option<&[u16]> {
        let name = wide(name);
        let mut address: *mut c_void = null_mut();
        let mut length = 0;
        let block = self.0.as_ptr().cast();
        // SAFETY: the block is whole, and the name ends with a zero.
        let found = unsafe {
            VerQueryValueW(
                block,
                PCWSTR(name.as_ptr()),
                &raw mut address,
                &raw mut length,
            )
        };
        let is_binary = name.ends_with(&wide("Translation"));
        let units = if is_binary { length / 2 } else { length } as usize;
        let bounds = self.0.as_ptr_range();
        let start = address.cast_const().cast::<u8>();
        let fits = bounds.contains(&start)
            && units * 2 <= bounds.end as usize - start as usize
            && start.addr() % align_of::<u16>() == 0;
        if !found.as_bool() || !fits {
            return None;
        }
        // SAFETY: so many units lie within the block, whatever the file says.
        Some(unsafe { std::slice::from_raw_parts(start.cast(), units) })
    }
}

const LARGEST: usize = 1 << 20;
