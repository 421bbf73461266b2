//! Text properties of windows.

/// The text of a property, whatever its type says: UTF-8 if it is that, else Latin-1. Compound
/// text keeps what it has of Latin-1. A NUL ends it.
pub(super) fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) if is_cut_at_the_end(&error, bytes.len()) => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// Whether all is well but for a last character that was not read to its end.
fn is_cut_at_the_end(error: &std::str::Utf8Error, length: usize) -> bool {
    error.error_len().is_none() && length >= super::window::LONGEST_TITLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf8_or_latin1_up_to_a_nul() {
        assert_eq!(decode("naïve 文書 🗒".as_bytes()), "naïve 文書 🗒");
        assert_eq!(decode(b"caf\xe9"), "café");
        assert_eq!(decode(b"one\0two"), "one");
        assert_eq!(decode(b""), "");
    }

    #[test]
    fn title_that_was_cut_within_a_character_stays_utf8() {
        let long = "é".repeat(super::super::window::LONGEST_TITLE);
        let cut = &long.as_bytes()[..super::super::window::LONGEST_TITLE + 1];
        let text = decode(cut);
        assert!(text.chars().all(|character| character == 'é'));
    }
}
