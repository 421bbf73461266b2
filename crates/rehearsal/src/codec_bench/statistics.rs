//! What many measurements come to.

use std::time::Duration;

use serde::Serialize;

/// Many durations in five numbers, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many there were.
    pub count: usize,
    pub mean: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl Spread {
    /// Of these; all zero if there are none.
    pub fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let Some(max) = all.last() else {
            return Self::default();
        };
        let sum: Duration = all.iter().sum();
        Self {
            count: all.len(),
            mean: millis(sum) / f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX)),
            p50: millis(percentile(&all, 50)),
            p95: millis(percentile(&all, 95)),
            p99: millis(percentile(&all, 99)),
            max: millis(*max),
        }
    }
}

/// The smallest that so many percent are not above (the nearest rank). `sorted` has at least one.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Moments spread evenly over a length, none at its ends.
pub fn moments(length: Duration, count: u32) -> Vec<Duration> {
    (0..count)
        .map(|index| length * (2 * index + 1) / (2 * count))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let spread = Spread::of((1..=200).rev().map(Duration::from_millis).collect());
        let expected = Spread {
            count: 200,
            mean: 100.5,
            p50: 100.0,
            p95: 190.0,
            p99: 198.0,
            max: 200.0,
        };
        assert_eq!(spread, expected);
    }

    #[test]
    fn few_measurements_and_none_have_percentiles_too() {
        let one = Spread::of(vec![Duration::from_millis(7)]);
        assert_eq!([one.p50, one.p95, one.p99, one.max], [7.0; 4]);
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }

    #[test]
    fn moments_are_spread_evenly() {
        let quarters = moments(Duration::from_secs(8), 4);
        let secs: Vec<u64> = quarters.iter().map(Duration::as_secs).collect();
        assert_eq!(secs, [1, 3, 5, 7]);
    }
}
