//! The plan's message to the user: whether it is to be shown, and what became of it.

use eidetic_capture::{CaptureError, NoticeEnding};
use eidetic_model::{
    Action, ActivityRecord, Captured, Notification, NotificationOutcome, ObjectType,
    RecordedMoment, SessionDescription, Timestamp,
};

/// Keeps which message the user has to see. One that was shown, or could not be, is not shown again
/// in its session, also by another recorder; one with another text is.
#[derive(Debug)]
pub(crate) struct Notices {
    wanted: Option<Notification>,
    /// The text of the last message that was begun.
    told: Option<String>,
    /// Counts up with each message that is begun or withdrawn.
    generation: u64,
    open: Option<OpenNotice>,
}

/// A message that was begun.
#[derive(Clone, Debug)]
pub(crate) struct OpenNotice {
    pub(crate) notification: Notification,
    /// Since when it is shown, or is to be.
    pub(crate) since: Timestamp,
    pub(crate) is_shown: bool,
}

/// What the thread that shows messages does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoticeWish {
    /// Show this.
    Show(Notification),
    /// Wait.
    Nothing,
    /// Leave.
    Finished,
}

impl Notices {
    /// For a session whose user was told this already.
    pub(crate) fn new(wanted: Option<&Notification>, told: Option<String>) -> Self {
        Self {
            wanted: wanted.cloned(),
            told,
            generation: 0,
            open: None,
        }
    }

    /// The plan now asks for this. Gives the message that is open and is not wanted any more.
    pub(crate) fn set_wanted(&mut self, wanted: Option<&Notification>) -> Option<OpenNotice> {
        self.wanted = wanted.cloned();
        let open = self.open.as_ref()?;
        let text = wanted.map(Notification::text);
        (text != Some(open.notification.text()))
            .then(|| self.withdraw())
            .flatten()
    }

    /// The message that is to be shown now.
    pub(crate) fn due(&self) -> Option<&Notification> {
        let wanted = self.wanted.as_ref()?;
        let is_new = self.open.is_none() && self.told.as_deref() != Some(wanted.text());
        is_new.then_some(wanted)
    }

    /// It is about to be shown. Gives the number to ask for it by.
    pub(crate) fn begin(&mut self, notification: Notification, now: Timestamp) -> u64 {
        self.generation += 1;
        self.told = Some(notification.text().to_owned());
        self.open = Some(OpenNotice {
            notification,
            since: now,
            is_shown: false,
        });
        self.generation
    }

    /// It is on the screen.
    pub(crate) fn shown(&mut self, generation: u64, now: Timestamp) -> Option<&OpenNotice> {
        let open = self
            .open
            .as_mut()
            .filter(|_| generation == self.generation)?;
        open.since = now;
        open.is_shown = true;
        Some(open)
    }

    /// Whether it may stay.
    pub(crate) fn is_open(&self, generation: u64) -> bool {
        self.open.is_some() && generation == self.generation
    }

    /// It is closed. `None` if it was withdrawn before.
    pub(crate) fn end(&mut self, generation: u64) -> Option<OpenNotice> {
        self.open.take_if(|_| generation == self.generation)
    }

    /// What is open is not wanted any more.
    pub(crate) fn withdraw(&mut self) -> Option<OpenNotice> {
        self.generation += 1;
        self.open.take()
    }
}

/// What became of a message, and why, if it could not be shown to its end.
pub(crate) fn outcome(
    notice: &OpenNotice,
    ended: &Result<NoticeEnding, CaptureError>,
) -> (NotificationOutcome, Option<String>) {
    match ended {
        Ok(NoticeEnding::Acknowledged) => (NotificationOutcome::Acknowledged, None),
        Ok(NoticeEnding::TimedOut) => (NotificationOutcome::TimedOut, None),
        Ok(NoticeEnding::Withdrawn) => (unanswered(notice.is_shown), None),
        Err(error) => (unanswered(notice.is_shown), Some(error.to_string())),
    }
}

/// What became of a message that nobody closed.
pub(crate) const fn unanswered(is_shown: bool) -> NotificationOutcome {
    match is_shown {
        true => NotificationOutcome::LeftOpen,
        false => NotificationOutcome::NotShown,
    }
}

/// The record that a user was notified, or could not be.
pub(crate) fn notified_record(
    session: &SessionDescription,
    text: &str,
    (since, until): (Timestamp, Timestamp),
    (outcome, reason): (NotificationOutcome, Option<String>),
    moment: Option<RecordedMoment>,
) -> ActivityRecord {
    let mut details = vec![Captured::new(format!("Message: {text}"))];
    let open_for = until.saturating_since(since).as_secs();
    details.extend(match outcome {
        NotificationOutcome::NotShown => None,
        _ => Some(Captured::new(format!("Open for: {open_for} s"))),
    });
    details.extend(reason.map(|reason| Captured::new(format!("Reason: {reason}"))));
    ActivityRecord {
        session: session.id,
        when: since,
        who: session.who.clone(),
        action: Action::UserNotified,
        object_type: ObjectType::UserSession,
        what: Captured::from(outcome.what()),
        where_: session.where_.clone(),
        workstation: session.origin.workstation().map(str::to_owned),
        details,
        application: None,
        coalesced: 0,
        moment,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn message(text: &str) -> Notification {
        Notification::new(text, Duration::from_secs(60)).unwrap()
    }

    const NOW: Timestamp = Timestamp::from_unix_micros(7);

    #[test]
    fn each_text_is_shown_once_in_a_session() {
        let first = message("first");
        let mut notices = Notices::new(Some(&first), None);
        assert_eq!(notices.due(), Some(&first));
        let shown = notices.begin(first.clone(), NOW);
        assert_eq!(notices.due(), None);
        assert!(notices.is_open(shown));
        assert!(notices.end(shown).is_some());
        assert!(notices.end(shown).is_none());
        assert_eq!(notices.due(), None);

        let longer = Notification::new("first", Duration::from_secs(90)).unwrap();
        assert!(notices.set_wanted(Some(&longer)).is_none());
        assert_eq!(notices.due(), None, "only its time is another");
        let second = message("second");
        assert!(notices.set_wanted(Some(&second)).is_none());
        assert_eq!(notices.due(), Some(&second));
    }

    #[test]
    fn another_recorder_does_not_show_it_again() {
        let first = message("first");
        let notices = Notices::new(Some(&first), Some("first".to_owned()));
        assert_eq!(notices.due(), None);
        assert_eq!(Notices::new(None, None).due(), None);
    }

    #[test]
    fn what_is_open_is_withdrawn_when_the_plan_says_something_else() {
        let mut notices = Notices::new(None, None);
        for (next, is_withdrawn) in [(Some(message("first")), false), (None, true)] {
            let first = notices.begin(message("first"), NOW);
            assert!(notices.shown(first, NOW).is_some_and(|it| it.is_shown));
            let withdrawn = notices.set_wanted(next.as_ref());
            assert_eq!(withdrawn.is_some(), is_withdrawn);
            assert_eq!(notices.is_open(first), !is_withdrawn);
            assert!(notices.shown(first + 1, NOW).is_none());
        }
    }

    #[test]
    fn what_failed_says_whether_the_user_has_seen_it() {
        let failed = || {
            Err(CaptureError::Unsupported {
                what: "this computer".into(),
                feature: "a font",
            })
        };
        let mut notice = OpenNotice {
            notification: message("first"),
            since: NOW,
            is_shown: false,
        };
        let (what, reason) = outcome(&notice, &failed());
        assert_eq!(what, NotificationOutcome::NotShown);
        assert_eq!(reason.unwrap(), "this computer does not offer a font");
        notice.is_shown = true;
        assert_eq!(outcome(&notice, &failed()).0, NotificationOutcome::LeftOpen);
    }
}
