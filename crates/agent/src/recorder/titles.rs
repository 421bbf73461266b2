//! Keeps a title that spins from flooding the record.

use std::{collections::VecDeque, time::Duration};

use eidetic_capture::ActiveWindow;
use eidetic_model::{Captured, Timestamp};

/// Decides which activations and title changes become records now, and which wait.
///
/// At most `per_second` changes of one window become records in a second, and at most
/// [`ALL_WINDOWS_PER_SECOND`] of all windows together. What comes faster waits: only the last
/// state is kept, with the count of those that it stands for, and becomes a record as soon as the
/// rate allows.
///
/// INVARIANT: the sum over all records of `1 + coalesced` is the number of changes that came in.
#[derive(Debug)]
pub(crate) struct Titles {
    per_second: usize,
    /// When records were let through in the last second, oldest first: the window and the time.
    recent: VecDeque<(u64, Duration)>,
    waiting: Option<TitleRecord>,
}

/// A change that becomes a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TitleRecord {
    /// The window in its last state.
    pub(crate) window: ActiveWindow,
    /// When that state came about.
    pub(crate) when: Timestamp,
    /// How many further changes this record stands for.
    pub(crate) coalesced: u32,
}

impl Titles {
    /// Lets `per_second` changes of a window through.
    pub(crate) fn new(per_second: u16) -> Self {
        Self {
            per_second: usize::from(per_second),
            recent: VecDeque::new(),
            waiting: None,
        }
    }

    /// From now on lets `per_second` changes of a window through.
    pub(crate) fn set_rate(&mut self, per_second: u16) {
        self.per_second = usize::from(per_second);
    }

    /// Takes in a change that came about at `when`, which is `now` on the monotonic clock. Gives
    /// the records that are due: at most two, if the window before had one waiting.
    pub(crate) fn changed(
        &mut self,
        now: Duration,
        when: Timestamp,
        window: ActiveWindow,
    ) -> Vec<TitleRecord> {
        let mut due = Vec::new();
        let mut coalesced = window.changes.saturating_sub(1);
        if let Some(before) = self.waiting.take() {
            if before.window.handle != window.handle && self.room_at(now).is_none() {
                // The user went on to another window: the last title of this one is kept.
                self.note(before.window.handle, now);
                due.push(before);
            } else {
                coalesced = coalesced.saturating_add(before.coalesced).saturating_add(1);
            }
        }
        self.waiting = Some(TitleRecord {
            window,
            when,
            coalesced,
        });
        due.extend(self.due(now));
        due
    }

    /// The record that waited until now, if its time has come.
    pub(crate) fn due(&mut self, now: Duration) -> Option<TitleRecord> {
        if self.deadline(now)? > now {
            return None;
        }
        let record = self.waiting.take()?;
        self.note(record.window.handle, now);
        Some(record)
    }

    /// When to call [`Self::due`]; `None` if nothing waits.
    pub(crate) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        self.forget_before(now);
        let window = self.waiting.as_ref()?.window.handle;
        let of_window = self
            .recent
            .iter()
            .filter(|(handle, _)| *handle == window)
            .map(|(_, at)| *at);
        let count = of_window.clone().count();
        let free_at = (count >= self.per_second)
            .then(|| of_window.clone().nth(count - self.per_second))
            .flatten()
            .map_or(now, |at| at + WINDOW);
        Some(free_at.max(self.room_at(now).unwrap_or(now)))
    }

    /// The record that waits, whatever the rate: for the end of the session.
    pub(crate) fn flush(&mut self) -> Option<TitleRecord> {
        self.waiting.take()
    }

    /// When there is room under the rate of all windows, if there is none now.
    fn room_at(&self, now: Duration) -> Option<Duration> {
        let excess = self.recent.len().checked_sub(ALL_WINDOWS_PER_SECOND)?;
        self.recent
            .get(excess)
            .map(|(_, at)| *at + WINDOW)
            .filter(|free_at| *free_at > now)
    }

    fn note(&mut self, window: u64, now: Duration) {
        self.recent.push_back((window, now));
    }

    fn forget_before(&mut self, now: Duration) {
        while let Some((_, at)) = self.recent.front()
            && *at + WINDOW <= now
        {
            self.recent.pop_front();
        }
    }
}

/// The further facts of a window, one a line.
pub(crate) fn details_of(window: &ActiveWindow) -> Vec<Captured> {
    let kept_out = window.is_kept_out.then(|| KEPT_OUT.to_owned());
    let details = window.run_as.detail().into_iter().chain(kept_out);
    details.map(Captured::new).collect()
}

const KEPT_OUT: &str = "Window kept out of the recording by its program";

/// Rates are counted over this time.
const WINDOW: Duration = Duration::from_secs(1);

/// How many records all windows together may make in a second. Bounds what programs can do that
/// take the focus from each other; no person reaches it.
const ALL_WINDOWS_PER_SECOND: usize = 100;

#[cfg(test)]
mod tests {
    use eidetic_model::RunAs;

    use super::*;

    fn window(handle: u64, title: &str, changes: u32) -> ActiveWindow {
        ActiveWindow {
            handle,
            title: Captured::from(title),
            process: None,
            application: None,
            run_as: RunAs::SessionUser,
            is_kept_out: false,
            middle: (0, 0),
            changes,
        }
    }

    fn at(millis: u64) -> (Duration, Timestamp) {
        let now = Duration::from_millis(millis);
        (now, Timestamp::default().saturating_add(now))
    }

    #[test]
    fn details_say_as_whom_a_program_runs_and_that_it_hides_itself() {
        let mut window = window(1, "one", 1);
        assert_eq!(details_of(&window), []);
        window.is_kept_out = true;
        window.run_as = RunAs::OtherUser {
            account: "CORP\\bob".into(),
        };
        let lines = ["Application Run As: CORP\\bob", KEPT_OUT];
        assert_eq!(details_of(&window), lines.map(Captured::from));
    }

    #[test]
    fn ten_thousand_titles_a_second_become_a_few_records_that_count_them_all() {
        let mut titles = Titles::new(4);
        let mut records = Vec::new();
        for index in 0..10_000_u64 {
            let now = Duration::from_micros(index * 100);
            let when = Timestamp::default().saturating_add(now);
            records.extend(titles.changed(now, when, window(1, &format!("{index}"), 1)));
            assert!(titles.recent.len() <= ALL_WINDOWS_PER_SECOND);
        }
        assert_eq!(records.len(), 4);
        let (now, _) = at(1_000);
        let deadline = titles.deadline(now).unwrap();
        assert!(deadline <= Duration::from_secs(1));
        records.extend(titles.due(now));
        assert_eq!(records.last().unwrap().window.title.reveal(), "9999");
        let counted: u32 = records.iter().map(|record| 1 + record.coalesced).sum();
        assert_eq!(counted, 10_000);
        assert_eq!(titles.deadline(now), None);
    }

    #[test]
    fn going_to_another_window_writes_the_last_title_of_the_first() {
        let mut titles = Titles::new(1);
        let (now, when) = at(0);
        assert_eq!(titles.changed(now, when, window(1, "a", 1)).len(), 1);
        assert_eq!(titles.changed(now, when, window(1, "b", 3)), []);
        let (now, when) = at(10);
        let due = titles.changed(now, when, window(2, "c", 1));
        let seen: Vec<_> = due
            .iter()
            .map(|record| (record.window.title.reveal(), record.coalesced))
            .collect();
        assert_eq!(seen, [("b", 2), ("c", 0)]);
    }

    #[test]
    fn windows_that_fight_for_the_focus_are_bounded_and_counted() {
        let mut titles = Titles::new(100);
        let mut counted = 0;
        let mut records = 0;
        for index in 0..5_000_u64 {
            let now = Duration::from_micros(index * 100);
            let when = Timestamp::default().saturating_add(now);
            for record in titles.changed(now, when, window(index % 7, "w", 1)) {
                records += 1;
                counted += 1 + record.coalesced;
            }
        }
        counted += titles.flush().map_or(0, |record| 1 + record.coalesced);
        assert_eq!(counted, 5_000);
        assert!(records <= ALL_WINDOWS_PER_SECOND + 1, "{records}");
    }

    #[test]
    fn the_last_title_is_written_when_the_session_ends() {
        let mut titles = Titles::new(1);
        let (now, when) = at(0);
        titles.changed(now, when, window(1, "a", 1));
        titles.changed(now, when, window(1, "b", 1));
        assert_eq!(titles.flush().unwrap().window.title.reveal(), "b");
        assert_eq!(titles.flush(), None);
    }
}
