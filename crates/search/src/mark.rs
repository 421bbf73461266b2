//! Continuation marks.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Where the next page of a search begins: after the record with this position, newest first.
/// Callers keep it as opaque text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// The engine's position of the last record given. Greater is newer.
    pub position: i64,
}

/// The text is not a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a continuation mark of this server: search again from the start")]
pub struct MarkError;

impl Mark {
    /// The opaque text.
    pub fn to_text(self) -> String {
        let mut bytes = [VERSION; 9];
        bytes[1..].copy_from_slice(&self.position.to_le_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the opaque text.
    ///
    /// # Errors
    ///
    /// If it was not made by [`Mark::to_text`].
    pub fn from_text(text: &str) -> Result<Self, MarkError> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| MarkError)?;
        match bytes.as_slice() {
            [VERSION, position @ ..] => {
                let position = position.try_into().map_err(|_| MarkError)?;
                Ok(Self {
                    position: i64::from_le_bytes(position),
                })
            }
            _ => Err(MarkError),
        }
    }
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_back_and_other_texts_refused() {
        let mark = Mark { position: -7 };
        assert_eq!(Mark::from_text(&mark.to_text()), Ok(mark));
        for wrong in ["", "AA", "AQ", "!!", "AgAAAAAAAAAA"] {
            assert_eq!(Mark::from_text(wrong), Err(MarkError), "{wrong}");
        }
    }
}
