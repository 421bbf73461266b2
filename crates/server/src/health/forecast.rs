//! How fast what is stored grows, and when the disk will be full.

use eidetic_store::control::{Day, StorageSample};

/// How what is stored grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Bytes a day; negative if more is forgotten than comes in.
    pub bytes_per_day: f64,
    /// When the disk will be full if it goes on like this; `None` if it will not.
    pub full_in_days: Option<f64>,
}

/// The growth over the last days, up to the latest sample. `None` if there are not two of them.
pub fn growth(samples: &[StorageSample]) -> Option<Growth> {
    let latest = samples.last()?;
    let since = Day(latest.day.0 - LOOK_BACK_DAYS);
    let first = samples.iter().find(|sample| sample.day >= since)?;
    let days = latest.day.0 - first.day.0;
    if days < 1 {
        return None;
    }
    let all = |sample: &StorageSample| (sample.audit_bytes + sample.segment_bytes) as f64;
    let bytes_per_day = (all(latest) - all(first)) / days as f64;
    let full_in_days = (bytes_per_day > 0.0).then(|| latest.free_bytes as f64 / bytes_per_day);
    Some(Growth {
        bytes_per_day,
        full_in_days,
    })
}

const LOOK_BACK_DAYS: i64 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(day: i64, bytes: u64, free_bytes: u64) -> StorageSample {
        StorageSample {
            day: Day(day),
            audit_bytes: bytes / 4,
            segment_bytes: bytes - bytes / 4,
            free_bytes,
        }
    }

    #[test]
    fn the_last_week_counts() {
        assert_eq!(growth(&[]), None);
        assert_eq!(growth(&[sample(1, 10, 10)]), None);
        let samples = [
            sample(1, 0, 0),
            sample(10, 1_000, 0),
            sample(14, 1_400, 900),
        ];
        let grown = growth(&samples).unwrap();
        assert_eq!(grown.bytes_per_day, 100.0);
        assert_eq!(grown.full_in_days, Some(9.0));
    }

    #[test]
    fn what_shrinks_is_never_full() {
        let grown = growth(&[sample(1, 900, 5), sample(4, 600, 8)]).unwrap();
        assert_eq!((grown.bytes_per_day, grown.full_in_days), (-100.0, None));
    }
}
