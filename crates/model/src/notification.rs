//! The message that tells users that they are monitored, and what became of it.

use std::time::Duration;

/// A message for the user, shown in the session when its recording begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// INVARIANT: neither empty nor longer than [`MAX_NOTIFICATION_CHARACTERS`], and without control
    /// characters but line breaks.
    text: String,
    /// INVARIANT: 5 seconds to an hour, in whole seconds.
    closes_after: Duration,
}

/// A message that a policy cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationProblem {
    /// Nothing to show.
    #[error("is empty: write what users are to read")]
    Empty,
    /// More than fits a screen.
    #[error("has {0} characters, must be at most {max}", max = MAX_NOTIFICATION_CHARACTERS)]
    TooLong(usize),
    /// A character that cannot be shown.
    #[error("has a control character other than a line break")]
    ControlCharacter,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotificationOutcome {
    /// The user closed it.
    Acknowledged,
    /// It closed by itself after its time.
    TimedOut,
    /// It was shown, and the recording ended before anybody closed it.
    LeftOpen,
    /// The user has not seen it.
    NotShown,
}

impl Notification {
    /// What users are told unless a plan says otherwise.
    pub const DEFAULT_TEXT: &'static str = "Activity on this computer is monitored and may be recorded, including what is on the screen.";

    /// After which time it closes unless a plan says otherwise.
    pub const DEFAULT_CLOSES_AFTER: Duration = Duration::from_secs(60);

    /// A message, and after which time it closes by itself. Line breaks are kept, space around the
    /// text is not.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, or the seconds that are out of range.
    pub fn new(
        text: &str,
        closes_after: Duration,
    ) -> Result<Self, Result<NotificationProblem, u64>> {
        let text = text.replace("\r\n", "\n");
        let text = text.trim();
        let characters = text.chars().count();
        let is_control = |character: char| character.is_control() && character != '\n';
        if text.is_empty() {
            return Err(Ok(NotificationProblem::Empty));
        }
        if characters > MAX_NOTIFICATION_CHARACTERS {
            return Err(Ok(NotificationProblem::TooLong(characters)));
        }
        if text.chars().any(is_control) {
            return Err(Ok(NotificationProblem::ControlCharacter));
        }
        let secs = closes_after.as_secs();
        if !(5..=3_600).contains(&secs) {
            return Err(Err(secs));
        }
        Ok(Self {
            text: text.to_owned(),
            closes_after: Duration::from_secs(secs),
        })
    }

    /// What users read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// After which time it closes by itself. Whole seconds.
    pub const fn closes_after(&self) -> Duration {
        self.closes_after
    }
}

impl NotificationOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Acknowledged,
        Self::TimedOut,
        Self::LeftOpen,
        Self::NotShown,
    ];

    /// The value of What.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Acknowledged => "Monitoring message acknowledged",
            Self::TimedOut => "Monitoring message closed after its time",
            Self::LeftOpen => "Monitoring message left open",
            Self::NotShown => "Monitoring message could not be shown",
        }
    }
}

/// The longest message.
pub const MAX_NOTIFICATION_CHARACTERS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_message_is_kept_with_its_lines_and_any_script() {
        let text = "You are recorded.\r\n\r\n記録されています — مسجّل";
        let message = Notification::new(&format!(" {text}\n"), MINUTE).unwrap();
        assert_eq!(message.text(), text.replace('\r', ""));
        assert_eq!(message.closes_after(), MINUTE);
        let default = Notification::new(
            Notification::DEFAULT_TEXT,
            Notification::DEFAULT_CLOSES_AFTER,
        );
        assert!(default.is_ok());
    }

    #[test]
    fn what_cannot_be_shown_or_closed_is_refused() {
        let problem = |text: &str| Notification::new(text, MINUTE).unwrap_err().unwrap();
        assert_eq!(problem(" \n "), NotificationProblem::Empty);
        assert_eq!(problem("a\u{7}"), NotificationProblem::ControlCharacter);
        let long = "é".repeat(MAX_NOTIFICATION_CHARACTERS + 1);
        assert_eq!(problem(&long), NotificationProblem::TooLong(2_001));
        assert!(Notification::new(&long[2..], MINUTE).is_ok());
        for secs in [4, 3_601] {
            let closes_after = Duration::from_secs(secs);
            assert_eq!(Notification::new("a", closes_after), Err(Err(secs)));
        }
    }
}
