//! This computer.

use windows::{
    Win32::System::SystemInformation::{ComputerNamePhysicalDnsHostname, GetComputerNameExW},
    core::PWSTR,
};

use crate::{CallFailed, Result, text::narrow};

/// This computer's name.
///
/// # Errors
///
/// What Windows says.
pub fn computer_name() -> Result<String> {
    let mut units = [0_u16; 256];
    let mut length = units.len() as u32;
    let place = PWSTR(units.as_mut_ptr());
    // SAFETY: the buffer is as long as `length` says.
    unsafe {
        GetComputerNameExW(
            ComputerNamePhysicalDnsHostname,
            Some(place),
            &raw mut length,
        )
    }
    .map_err(CallFailed::of("GetComputerNameEx"))?;
    Ok(narrow(&units))
}
