//! What is to be told of the window in front: a state machine without I/O.

use std::time::Duration;

use eidetic_model::Captured;

/// Remembers what was told of the window in front.
#[derive(Debug, Default)]
pub(crate) struct Front {
    told: Option<(u64, Captured)>,
    /// How often the title of the told window has changed since.
    changes: u32,
    /// Whether its title was told before Windows said that it had changed: that is still to come.
    is_ahead: bool,
    /// Since when no window is in front, while that was not told.
    empty_since: Option<Duration>,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The window that is seen is in front, or has this title; so many changes are told by it.
    Window {
        /// At least 1.
        changes: u32,
    },
    /// No window is in front.
    Nothing,
}

impl Front {
    /// A window was said to have changed its title so many times. Counts if it is the one in front.
    pub(crate) fn titles_changed(&mut self, window: u64, times: u32) {
        if times > 0 && self.told.as_ref().is_some_and(|(told, _)| *told == window) {
            let told_already = u32::from(std::mem::take(&mut self.is_ahead));
            self.changes = self.changes.saturating_add(times - told_already);
        }
    }

    /// At `now`, on a clock that never goes back, this window with this title is in front.
    pub(crate) fn seen(&mut self, now: Duration, window: Option<(u64, &Captured)>) -> Option<News> {
        let Some((window, title)) = window else {
            return self.seen_nothing(now);
        };
        self.empty_since = None;
        if let Some((told, told_title)) = &self.told
            && *told == window
        {
            if told_title == title {
                // It may have changed to and fro: the next title stands for these changes too.
                return None;
            }
            self.is_ahead = self.changes == 0;
        } else {
            self.changes = 1;
            self.is_ahead = false;
        }
        self.told = Some((window, title.clone()));
        let changes = std::mem::take(&mut self.changes).max(1);
        Some(News::Window { changes })
    }

    /// When it is to be asked again at the latest, because no window is in front.
    pub(crate) fn ask_again_at(&self) -> Option<Duration> {
        Some(self.empty_since? + EMPTY_AFTER)
    }

    fn seen_nothing(&mut self, now: Duration) -> Option<News> {
        self.told.as_ref()?;
        let since = *self.empty_since.get_or_insert(now);
        if now.saturating_sub(since) < EMPTY_AFTER {
            return None;
        }
        *self = Self::default();
        Some(News::Nothing)
    }
}

/// How long no window must be in front before that is told: between two windows there often is
/// none for a moment.
const EMPTY_AFTER: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn see(front: &mut Front, millis: u64, window: u64, title: &str) -> Option<u32> {
        let title = Captured::new(title.to_owned());
        match front.seen(at(millis), Some((window, &title)))? {
            News::Window { changes } => Some(changes),
            News::Nothing => panic!("a window was there"),
        }
    }

    #[test]
    fn each_window_and_each_title_is_told_once() {
        let mut front = Front::default();
        assert_eq!(see(&mut front, 0, 1, "one"), Some(1));
        assert_eq!(see(&mut front, 1, 1, "one"), None);
        assert_eq!(see(&mut front, 2, 1, "two"), Some(1));
        assert_eq!(see(&mut front, 3, 2, "two"), Some(1));
        assert_eq!(see(&mut front, 4, 1, "two"), Some(1));
    }

    #[test]
    fn no_change_of_a_title_goes_uncounted() {
        let mut front = Front::default();
        front.titles_changed(1, 7);
        assert_eq!(see(&mut front, 0, 1, "one"), Some(1));
        front.titles_changed(2, 5);
        front.titles_changed(1, 2);
        assert_eq!(see(&mut front, 1, 1, "one"), None, "to and fro");
        front.titles_changed(1, 1);
        assert_eq!(see(&mut front, 2, 1, "two"), Some(3));
        front.titles_changed(1, 9);
        assert_eq!(see(&mut front, 3, 1, "three"), Some(9));
        assert_eq!(see(&mut front, 3, 2, "another"), Some(1));
    }

    #[test]
    fn title_that_is_seen_before_it_is_said_to_have_changed_counts_once() {
        let mut front = Front::default();
        assert_eq!(see(&mut front, 0, 1, "one"), Some(1));
        assert_eq!(see(&mut front, 1, 1, "two"), Some(1));
        front.titles_changed(1, 1);
        front.titles_changed(1, 2);
        assert_eq!(see(&mut front, 2, 1, "three"), Some(2));
        assert_eq!(see(&mut front, 3, 1, "four"), Some(1));
        assert_eq!(see(&mut front, 4, 2, "another"), Some(1));
        front.titles_changed(2, 1);
        assert_eq!(see(&mut front, 5, 2, "its next"), Some(1));
    }

    #[test]
    fn no_window_is_told_once_it_has_lasted() {
        let mut front = Front::default();
        assert_eq!(front.seen(at(0), None), None, "there was none before");
        assert_eq!(see(&mut front, 10, 1, "one"), Some(1));
        assert_eq!(front.seen(at(20), None), None);
        assert_eq!(front.ask_again_at(), Some(at(270)));
        assert_eq!(see(&mut front, 100, 1, "one"), None);
        assert_eq!(front.ask_again_at(), None);
        assert_eq!(front.seen(at(200), None), None);
        assert_eq!(front.seen(at(449), None), None);
        assert_eq!(front.seen(at(450), None), Some(News::Nothing));
        assert_eq!(front.seen(at(900), None), None);
        assert_eq!(see(&mut front, 1_000, 1, "one"), Some(1));
    }
}
