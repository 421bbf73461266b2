//! Text that was read off a user's screen.

use std::fmt;

/// Captured content: a window title, a command line. `Debug` prints only its length, so that it
/// cannot reach a log by accident; [`Captured::reveal`] is the one way to the text.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Captured(String);

impl Captured {
    /// Wraps a text that was captured.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for storing, sending and showing to those with the right to see it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub fn into_revealed(self) -> String {
        self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Captured({} bytes)", self.0.len())
    }
}

impl From<&str> for Captured {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_and_never_the_text() {
        assert_eq!(
            format!("{:?}", Captured::new("payroll")),
            "Captured(7 bytes)"
        );
    }
}
