//! Times in words, as a person in this time zone reads them.

use eidetic_model::Timestamp;
use jiff::tz::TimeZone;
use jiff::{Timestamp as JiffTimestamp, Zoned};

use super::span::Span;

/// `from 14:05:10 to 14:05:40`; with the date where it is not the same day.
pub fn from_to(span: Span, zone: &TimeZone) -> String {
    match (local(span.from, zone), local(span.until, zone)) {
        (Some(from), Some(until)) if from.date() == until.date() => {
            format!("from {} to {}", from.strftime(TIME), until.strftime(TIME))
        }
        (Some(from), Some(until)) => {
            let (from, until) = (from.strftime(DATE_AND_TIME), until.strftime(DATE_AND_TIME));
            format!("from {from} to {until}")
        }
        _ => format!("from {} to {}", span.from, span.until),
    }
}

/// `2026-11-20 14:05:10 to 14:25:10`.
pub fn range(span: Span, zone: &TimeZone) -> String {
    match (local(span.from, zone), local(span.until, zone)) {
        (Some(from), Some(until)) => {
            let is_same_day = from.date() == until.date();
            let format = if is_same_day { TIME } else { DATE_AND_TIME };
            format!(
                "{} to {}",
                from.strftime(DATE_AND_TIME),
                until.strftime(format)
            )
        }
        _ => format!("{} to {}", span.from, span.until),
    }
}

fn local(moment: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    let instant = JiffTimestamp::from_microsecond(moment.as_unix_micros()).ok()?;
    Some(instant.to_zoned(zone.clone()))
}

const TIME: &str = "%H:%M:%S";
const DATE_AND_TIME: &str = "%Y-%m-%d %H:%M:%S";

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, until: &str) -> Span {
        Span {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        }
    }

    #[test]
    fn the_date_is_said_only_where_it_tells_something() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let short = span("2026-11-20T13:05:10Z", "2026-11-20T13:05:40.9Z");
        assert_eq!(from_to(short, &zone), "from 14:05:10 to 14:05:40");
        assert_eq!(range(short, &zone), "2026-11-20 14:05:10 to 14:05:40");
        let night = span("2026-11-20T22:59:59Z", "2026-11-20T23:00:01Z");
        assert_eq!(
            from_to(night, &zone),
            "from 2026-11-20 23:59:59 to 2026-11-21 00:00:01"
        );
        assert_eq!(
            range(night, &zone),
            "2026-11-20 23:59:59 to 2026-11-21 00:00:01"
        );
    }
}
