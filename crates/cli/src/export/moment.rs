//! Points of time as people write them: `14:05`, `2026-11-20 14:05`, RFC 3339, `+12m`.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use eidetic_model::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp as JiffTimestamp};

use super::span::Span;

/// A point of time, before it is known of which recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// One on every clock of the world.
    Instant(JiffTimestamp),
    /// What a calendar and a clock on the wall show.
    Local(DateTime),
    /// What a clock on the wall shows, on one of the recording's days.
    TimeOfDay(Time),
    /// So long after the recording's beginning.
    Offset(Duration),
}

impl Moment {
    /// When it is in a recording that covers `recorded`, seen from `zone`.
    pub fn resolve(self, recorded: Span, zone: &TimeZone) -> anyhow::Result<Timestamp> {
        match self {
            Self::Instant(instant) => Ok(Timestamp::from_unix_micros(instant.as_microsecond())),
            Self::Local(local) => local_time(local, zone),
            Self::Offset(offset) => Ok(recorded.from.saturating_add(offset)),
            Self::TimeOfDay(time) => time_of_day(time, recorded, zone),
        }
    }
}

/// The first such time of day in the recording; where there is none, the one on its first day.
fn time_of_day(time: Time, recorded: Span, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let first = day_of(recorded.from, zone)?;
    let last = day_of(recorded.until, zone)?;
    // "14:05" means the beginning of a recording that begins at 14:05:10.
    let earliest = recorded.from.saturating_sub(A_MINUTE);
    let mut day = first;
    loop {
        let moment = local_time(day.to_datetime(time), zone)?;
        if earliest <= moment && moment <= recorded.until {
            return Ok(moment);
        }
        if day >= last {
            return local_time(first.to_datetime(time), zone);
        }
        day = day.tomorrow().context("the calendar ends there")?;
    }
}

fn day_of(moment: Timestamp, zone: &TimeZone) -> anyhow::Result<Date> {
    let instant = JiffTimestamp::from_microsecond(moment.as_unix_micros())
        .context("the recording's time is outside of the calendar")?;
    Ok(zone.to_datetime(instant).date())
}

fn local_time(local: DateTime, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let instant = zone
        .to_timestamp(local)
        .with_context(|| format!("{local} is outside of the calendar"))?;
    Ok(Timestamp::from_unix_micros(instant.as_microsecond()))
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Some(offset) = text.strip_prefix('+') {
            return offset
                .parse::<SignedDuration>()
                .ok()
                .and_then(|offset| Duration::try_from(offset).ok())
                .map(Self::Offset)
                .ok_or_else(|| "write it as in +12m, +90s or +1h30m".to_owned());
        }
        // The order matters: a date and time with an offset would be read as a local one, too.
        text.parse()
            .map(Self::Instant)
            .or_else(|_| text.parse().map(Self::Local))
            .or_else(|_| text.parse().map(Self::TimeOfDay))
            .map_err(|_| {
                "write it as in 14:05, \"2026-11-20 14:05\", 2026-11-20T14:05:00+01:00 or +12m"
                    .to_owned()
            })
    }
}

const A_MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// What `text` means in a recording from 22:00:10 to 02:00 of the next day, two hours east.
    fn resolved(text: &str) -> String {
        let recorded = Span {
            from: time("2026-11-20T20:00:10Z"),
            until: time("2026-11-21T00:00:00Z"),
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let moment: Moment = text.parse().unwrap();
        let found = moment.resolve(recorded, &zone).unwrap();
        found.to_string().replace(".000000", "")
    }

    #[test]
    fn times_with_a_zone_are_taken_as_they_are() {
        assert_eq!(resolved("2026-11-20T21:05:00Z"), "2026-11-20T21:05:00Z");
        assert_eq!(
            resolved("2026-11-20T21:05:00+01:00"),
            "2026-11-20T20:05:00Z"
        );
        assert_eq!(
            resolved("2026-11-20 21:05:00-05:00"),
            "2026-11-21T02:05:00Z"
        );
    }

    #[test]
    fn local_times_are_those_of_the_zone() {
        assert_eq!(resolved("2026-11-20 22:30"), "2026-11-20T20:30:00Z");
        assert_eq!(resolved("2026-11-20T22:30:15"), "2026-11-20T20:30:15Z");
    }

    #[test]
    fn a_time_of_day_is_the_first_one_in_the_recording() {
        assert_eq!(resolved("23:10"), "2026-11-20T21:10:00Z");
        assert_eq!(resolved("01:30:05"), "2026-11-20T23:30:05Z");
        // A little before the beginning is the beginning's minute, not the next day's.
        assert_eq!(resolved("22:00"), "2026-11-20T20:00:00Z");
        // In none of its days: on the first one.
        assert_eq!(resolved("12:00"), "2026-11-20T10:00:00Z");
    }

    #[test]
    fn offsets_count_from_the_beginning() {
        assert_eq!(resolved("+12m"), "2026-11-20T20:12:10Z");
        assert_eq!(resolved("+1h30m"), "2026-11-20T21:30:10Z");
        assert_eq!(resolved("+0s"), "2026-11-20T20:00:10Z");
    }

    #[test]
    fn nonsense_is_answered_with_examples() {
        for text in ["", "now", "25:00", "+", "+-5m", "+x", "2026-13-01 10:00"] {
            let told = text.parse::<Moment>().unwrap_err();
            assert!(told.contains("12m"), "{text}: {told}");
        }
    }
}
