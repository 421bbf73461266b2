//! Text as Windows has it: UTF-16, ended by a zero.

use windows::core::PWSTR;

/// Text with the zero at its end, to be given to Windows.
pub(crate) fn wide(text: &str) -> Vec<u16> {
    let units = text.encode_utf16().take_while(|unit| *unit != 0);
    units.chain([0]).collect()
}

/// The text in a buffer, up to the first zero.
pub(crate) fn narrow(units: &[u16]) -> String {
    let units = units.split(|unit| *unit == 0).next().unwrap_or_default();
    String::from_utf16_lossy(units)
}

/// The text that Windows points at; empty if it points at nothing.
///
/// # Safety
///
/// `text` is null or ends with a zero.
pub(crate) unsafe fn pointed_at(text: PWSTR) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    let units = unsafe { text.as_wide() };
    String::from_utf16_lossy(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_to_windows_and_comes_back() {
        assert_eq!(narrow(&wide("naïve 文書 🗒")), "naïve 文書 🗒");
        assert_eq!(wide("one\0two"), [111, 110, 101, 0]);
        assert_eq!(narrow(&[]), "");
    }
}
