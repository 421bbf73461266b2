//! Where a record stands: its time, and its number within that microsecond.
//!
//! A position is `microseconds << 8 | number`. It is the order of the records, their key and the
//! continuation mark. The times of positions are bounded to the years 1970 to 2200: a record from
//! outside stands at the nearest end (it still says its own time). So does one of a time that is
//! not [`Plausible`] when it comes in: wrong times must not make a part for each month of these
//! years. The two months at the ends, [`Month::is_end`], can therefore have records of any time.
//! A microsecond has room for 256 records; the next one stands in the nearest microsecond with
//! room, at most [`SLACK_MICROS`] away and never in another month.

use std::{ops::Range, time::Duration};

use eidetic_model::Timestamp;
use jiff::{civil, tz::TimeZone};

use super::full::FullMicros;

/// How far a record's position can be from its time.
pub(super) const SLACK_MICROS: i64 = 1_000_000;

/// A month in UTC: the records of one month are kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month with this number, if positions reach it.
    pub fn new(year: i16, month: i8) -> Option<Self> {
        ((FIRST_YEAR..=LAST_YEAR).contains(&year) && (1..=12).contains(&month))
            .then_some(Self { year, month })
    }

    /// The month of a moment.
    pub fn of(moment: Moment) -> Self {
        let date = jiff::Timestamp::from_microsecond(moment.0)
            .expect("the bounds are inside the calendar")
            .to_zoned(TimeZone::UTC);
        Self {
            year: date.year(),
            month: date.month(),
        }
    }

    /// From its first microsecond to the first of the next.
    pub fn micros(self) -> Range<i64> {
        let next = match self.month {
            12 => first_micros(self.year + 1, 1),
            month => first_micros(self.year, month + 1),
        };
        first_micros(self.year, self.month)..next
    }

    /// Its positions.
    pub fn positions(self) -> Range<i64> {
        let micros = self.micros();
        micros.start << NUMBER_BITS..micros.end << NUMBER_BITS
    }

    /// Whether it is the first or the last, which hold records of any time.
    pub fn is_end(self) -> bool {
        let micros = self.micros();
        micros.start <= 0 || micros.end > last_micros()
    }

    /// Whether a record of this month is from before `time`: of all, of none, or of some.
    pub fn is_before(self, time: Timestamp) -> Before {
        let micros = self.micros();
        if self.is_end() {
            Before::Some
        } else if time.as_unix_micros() >= micros.end {
            Before::All
        } else if time.as_unix_micros() <= micros.start {
            Before::None
        } else {
            Before::Some
        }
    }
}

/// The times that a record that comes in now can have. One of another time stands in the first or
/// the last month.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plausible {
    from: i64,
    until: i64,
}

/// The microsecond in which a record is to stand, inside the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(i64);

impl Plausible {
    /// What is plausible at this time: spools are kept for long, and clocks go a little wrong. If
    /// the server's own clock says what cannot be, anything is.
    pub fn at(now: Timestamp) -> Self {
        let possible = first_micros(FIRST_POSSIBLE_YEAR, 1)..first_micros(LAST_YEAR, 1);
        if !possible.contains(&now.as_unix_micros()) {
            return Self::default();
        }
        Self {
            from: now.saturating_sub(PAST).as_unix_micros(),
            until: now.saturating_add(FUTURE).as_unix_micros(),
        }
    }

    /// Where a record of this time is to stand.
    pub fn moment(self, when: Timestamp) -> Moment {
        let micros = bounded_micros(when);
        Moment(if micros < self.from {
            micros.min(first_micros(FIRST_YEAR, 2) - 1)
        } else if micros > self.until {
            micros.max(first_micros(LAST_YEAR, 12))
        } else {
            micros
        })
    }
}

impl Default for Plausible {
    /// Anything is.
    fn default() -> Self {
        Self {
            from: i64::MIN,
            until: i64::MAX,
        }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl std::str::FromStr for Month {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (year, month) = text.split_once('-').ok_or(())?;
        if year.len() != 4 || month.len() != 2 {
            return Err(());
        }
        Self::new(year.parse().map_err(drop)?, month.parse().map_err(drop)?).ok_or(())
    }
}

/// Which records of a month are from before a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// All of them.
    All,
    /// Some of them, perhaps.
    Some,
    /// None of them.
    None,
}

/// The positions at which records from `from` until before `until` can stand, but for those that
/// stand at the ends.
pub(super) fn positions(from: Option<Timestamp>, until: Option<Timestamp>) -> Range<i64> {
    let from = from.map_or(0, |from| (bounded_micros(from) - SLACK_MICROS).max(0));
    let until = until.map_or(last_micros(), bounded_micros) + SLACK_MICROS;
    from << NUMBER_BITS..until << NUMBER_BITS
}

/// The time of a position.
pub(super) fn micros_of(position: i64) -> i64 {
    position >> NUMBER_BITS
}

/// A free position for a record that is to stand at a moment; `None` if there is none near.
///
/// `newest_in` tells the greatest position taken in a range.
pub(super) fn allocate<E>(
    moment: Moment,
    full: &mut FullMicros,
    mut newest_in: impl FnMut(Range<i64>) -> Result<Option<i64>, E>,
) -> Result<Option<i64>, E> {
    let month = Month::of(moment).micros();
    let wanted = moment.0;
    let mut free_in = |micros: i64| {
        let bucket = micros << NUMBER_BITS..(micros + 1) << NUMBER_BITS;
        Ok(match newest_in(bucket.clone())? {
            None => Some(bucket.start),
            Some(newest) => Some(newest + 1).filter(|free| *free < bucket.end),
        })
    };
    let end = month.end.min(wanted + SLACK_MICROS);
    let mut micros = wanted;
    while micros < end {
        if let Some(run) = full.run_of(micros) {
            micros = run.end;
        } else if let Some(free) = free_in(micros)? {
            return Ok(Some(free));
        } else {
            full.add(micros);
        }
    }
    let start = month.start.max(wanted - SLACK_MICROS);
    micros = wanted - 1;
    while micros >= start {
        if let Some(run) = full.run_of(micros) {
            micros = run.start - 1;
        } else if let Some(free) = free_in(micros)? {
            return Ok(Some(free));
        } else {
            full.add(micros);
        }
    }
    Ok(None)
}

fn bounded_micros(when: Timestamp) -> i64 {
    when.as_unix_micros().clamp(0, last_micros())
}

fn last_micros() -> i64 {
    first_micros(LAST_YEAR + 1, 1) - 1
}

fn first_micros(year: i16, month: i8) -> i64 {
    civil::date(year, month, 1)
        .to_zoned(TimeZone::UTC)
        .expect("the first of a month is in the calendar")
        .timestamp()
        .as_microsecond()
}

const FIRST_YEAR: i16 = 1970;
const LAST_YEAR: i16 = 2200;
/// A clock that says an earlier one was not set.
const FIRST_POSSIBLE_YEAR: i16 = 2026;
const NUMBER_BITS: u32 = 8;
const PAST: Duration = Duration::from_secs(10 * 366 * 86_400);
const FUTURE: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, convert::Infallible};

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn moment(when: Timestamp) -> Moment {
        Plausible::default().moment(when)
    }

    fn month_of(when: Timestamp) -> Month {
        Month::of(moment(when))
    }

    fn fill(taken: &mut BTreeSet<i64>, when: Timestamp) -> i64 {
        let position = allocate(moment(when), &mut FullMicros::default(), |range| {
            Ok::<_, Infallible>(taken.range(range).next_back().copied())
        })
        .unwrap()
        .expect("there is room near");
        assert!(taken.insert(position), "given twice");
        position
    }

    #[test]
    fn a_full_microsecond_overflows_forward_and_at_the_end_of_the_month_backward() {
        let mut taken = BTreeSet::new();
        let last = time("2026-02-28T23:59:59.999999Z");
        for _ in 0..1_000 {
            let position = fill(&mut taken, last);
            assert!(month_of(last).positions().contains(&position));
        }
        let middle = time("2026-02-10T00:00:00Z");
        let first = fill(&mut taken, middle);
        for number in 1..600 {
            assert_eq!(fill(&mut taken, middle), first + number);
        }
    }

    #[test]
    fn each_full_microsecond_is_asked_for_once() {
        let (mut taken, mut full) = (BTreeSet::new(), FullMicros::default());
        let mut asked = 0;
        let middle = moment(time("2026-02-10T00:00:00Z"));
        for _ in 0..100_000 {
            let position = allocate(middle, &mut full, |range| {
                asked += 1;
                Ok::<_, Infallible>(taken.range(range).next_back().copied())
            });
            assert!(taken.insert(position.unwrap().unwrap()), "given twice");
        }
        assert!(asked <= 100_000 + 100_000 / 256 + 1, "{asked}");
    }

    #[test]
    fn a_second_without_room_is_said_to_have_none() {
        let middle = moment(time("2026-02-10T00:00:00Z"));
        let all_full = |range: Range<i64>| Ok::<_, Infallible>(Some(range.end - 1));
        let position = allocate(middle, &mut FullMicros::default(), all_full);
        assert_eq!(position, Ok(None));
    }

    #[test]
    fn times_that_are_not_plausible_stand_at_the_ends() {
        let now = time("2026-11-23T08:00:00Z");
        for (when, month) in [
            ("2026-11-24T07:00:00Z", "2026-11"),
            ("2026-11-24T09:00:00Z", "2200-12"),
            ("2200-12-24T09:00:00Z", "2200-12"),
            ("2017-01-01T00:00:00Z", "2017-01"),
            ("2016-01-01T00:00:00Z", "1970-01"),
            ("1970-01-01T00:00:00Z", "1970-01"),
        ] {
            let stands = Month::of(Plausible::at(now).moment(time(when)));
            assert_eq!(stands.to_string(), month, "{when}");
        }
        for wrong in [Timestamp::MIN, Timestamp::default(), Timestamp::MAX] {
            let when = time("2026-11-24T00:00:00Z");
            let stands = Month::of(Plausible::at(wrong).moment(when));
            assert_eq!(stands, month_of(when), "whatever the server's clock says");
        }
    }

    #[test]
    fn times_beyond_the_bounds_stand_at_the_nearest_end() {
        for (when, month) in [
            (Timestamp::MIN, "1970-01"),
            (time("0900-05-01T00:00:00Z"), "1970-01"),
            (time("2026-11-30T23:59:59Z"), "2026-11"),
            (time("2026-12-01T00:00:00Z"), "2026-12"),
            (time("2203-01-01T00:00:00Z"), "2200-12"),
            (Timestamp::MAX, "2200-12"),
        ] {
            assert_eq!(month_of(when).to_string(), month);
            assert_eq!(month.parse(), Ok(month_of(when)));
            let position = fill(&mut BTreeSet::new(), when);
            assert!(month_of(when).positions().contains(&position));
            assert!(positions(Some(when), None).contains(&position));
            assert!(positions(None, Some(when)).contains(&position));
        }
        for wrong in ["1969-12", "2201-01", "2026-13", "2026-1", "x", "-026-01"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_ends_are_never_wholly_before_or_after_a_time() {
        let november = Month::new(2026, 11).unwrap();
        assert_eq!(
            november.is_before(time("2026-12-01T00:00:00Z")),
            Before::All
        );
        assert_eq!(
            november.is_before(time("2026-11-02T00:00:00Z")),
            Before::Some
        );
        assert_eq!(
            november.is_before(time("2026-11-01T00:00:00Z")),
            Before::None
        );
        for end in [(1970, 1), (2200, 12)] {
            let end = Month::new(end.0, end.1).unwrap();
            for at in [
                "0001-01-01T00:00:00Z",
                "2026-11-02T00:00:00Z",
                "2300-01-01T00:00:00Z",
            ] {
                assert_eq!(end.is_before(time(at)), Before::Some);
            }
        }
    }
}
