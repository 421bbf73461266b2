//! Which part of the time which segment shows, and where nothing was recorded.

use std::time::Duration;

use super::recording::Segment;
use super::span::Span;

/// A part of the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch {
    /// A segment shows it.
    Recorded {
        /// Which, by its place in the list.
        segment: usize,
        /// When.
        span: Span,
    },
    /// Nothing does.
    Missing {
        /// When.
        span: Span,
        /// Why, if that is known.
        reason: Option<String>,
    },
}

/// What there is of `wanted`, in order and without holes. Segments must be sorted by their start.
///
/// Empty if nothing at all was recorded in that time. The last picture of a segment stands while
/// the next one is being opened, as in the console's player; and what is missing for so short a
/// time at the beginning is left out.
pub fn stretches(segments: &[Segment], wanted: Span) -> Vec<Stretch> {
    let shown: Vec<(usize, Span)> = held(segments)
        .into_iter()
        .filter_map(|(index, span)| Some((index, span.common(wanted)?)))
        .collect();
    let mut stretches = Vec::new();
    let mut covered = wanted.from;
    for (position, &(segment, mut span)) in shown.iter().enumerate() {
        let hole = span.from.saturating_since(covered);
        if !hole.is_zero() && (position > 0 || hole > HOLD) {
            stretches.push(missing(segments, covered, span));
        }
        if position + 1 == shown.len() && wanted.until.saturating_since(span.until) <= HOLD {
            span.until = wanted.until;
        }
        covered = span.until;
        stretches.push(Stretch::Recorded { segment, span });
    }
    if !stretches.is_empty() && covered < wanted.until {
        let after = Span {
            from: wanted.until,
            until: wanted.until,
        };
        stretches.push(missing(segments, covered, after));
    }
    stretches
}

/// The times of which there are pictures, near ones joined.
pub fn recorded(segments: &[Segment]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (_, span) in held(segments) {
        match spans.last_mut() {
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            _ => spans.push(span),
        }
    }
    spans
}

/// Each segment with pictures and when it is shown: until its end, or until the next one begins.
fn held(segments: &[Segment]) -> Vec<(usize, Span)> {
    let shown: Vec<usize> = (0..segments.len())
        .filter(|&index| segments[index].has_pictures())
        .collect();
    let spans = shown.iter().enumerate().map(|(position, &index)| {
        let mut span = segments[index].span;
        if let Some(&next) = shown.get(position + 1) {
            let next = segments[next].span.from;
            if next.saturating_since(span.until) <= HOLD {
                span.until = next.max(span.from);
            }
        }
        (index, span)
    });
    spans.collect()
}

fn missing(segments: &[Segment], from: eidetic_model::Timestamp, next: Span) -> Stretch {
    let span = Span {
        from,
        until: next.from,
    };
    let reason = segments
        .iter()
        .find(|segment| segment.lost.is_some() && segment.span.common(span).is_some())
        .and_then(|segment| segment.lost.clone());
    Stretch::Missing { span, reason }
}

/// How long the last picture of a segment stands for the time until the next one begins.
const HOLD: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use eidetic_model::Timestamp;

    use super::super::recording::KeyFrame;
    use super::*;

    fn span(from: i64, until: i64) -> Span {
        Span {
            from: Timestamp::from_unix_micros(from * 1_000_000),
            until: Timestamp::from_unix_micros(until * 1_000_000),
        }
    }

    fn segment(from: i64, until: i64) -> Segment {
        let span = span(from, until);
        Segment {
            name: from.to_string(),
            span,
            width: 4,
            height: 4,
            bytes: 100,
            key_frames: vec![KeyFrame {
                time: span.from,
                offset: 48,
            }],
            lost: None,
        }
    }

    fn lost(from: i64, until: i64) -> Segment {
        Segment {
            lost: Some("the disk was full".to_owned()),
            ..segment(from, until)
        }
    }

    /// The stretches of 0 to 100, as text.
    fn told(segments: &[Segment]) -> String {
        let seconds = |span: Span| {
            let of = |time: Timestamp| time.as_unix_micros() / 1_000_000;
            format!("{}-{}", of(span.from), of(span.until))
        };
        let words = stretches(segments, span(0, 100))
            .into_iter()
            .map(|stretch| match stretch {
                Stretch::Recorded { segment, span } => format!("#{segment} {}", seconds(span)),
                Stretch::Missing { span, reason: None } => format!("none {}", seconds(span)),
                Stretch::Missing {
                    span,
                    reason: Some(reason),
                } => format!("none {} ({reason})", seconds(span)),
            });
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn holes_are_told_and_short_ones_bridged() {
        assert_eq!(
            told(&[segment(0, 20), segment(22, 40), segment(60, 98)]),
            "#0 0-22, #1 22-40, none 40-60, #2 60-100"
        );
    }

    #[test]
    fn a_missing_moment_at_the_beginning_is_left_out_and_a_long_time_is_not() {
        assert_eq!(told(&[segment(2, 100)]), "#0 2-100");
        assert_eq!(told(&[segment(9, 50)]), "none 0-9, #0 9-50, none 50-100");
    }

    #[test]
    fn segments_outside_of_the_time_do_not_count() {
        assert_eq!(told(&[segment(-50, -10), segment(100, 120)]), "");
        assert_eq!(
            told(&[segment(-50, 30), segment(30, 120)]),
            "#0 0-30, #1 30-100"
        );
    }

    #[test]
    fn of_two_at_the_same_time_the_later_one_takes_over() {
        assert_eq!(
            told(&[segment(0, 60), segment(50, 100)]),
            "#0 0-50, #1 50-100"
        );
    }

    #[test]
    fn what_was_lost_is_missing_with_its_reason() {
        assert_eq!(
            told(&[segment(0, 40), lost(40, 80), segment(80, 100)]),
            "#0 0-40, none 40-80 (the disk was full), #2 80-100"
        );
    }

    #[test]
    fn recorded_times_are_joined() {
        let segments = [
            segment(0, 20),
            segment(21, 40),
            lost(40, 50),
            segment(50, 60),
        ];
        assert_eq!(recorded(&segments), [span(0, 40), span(50, 60)]);
    }
}
