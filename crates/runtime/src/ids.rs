//! Random ids.

use eidetic_model::{IdSource, Timestamp};
use uuid::{Builder, Uuid};

/// Makes ids from the system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn new_id(&self, at: Timestamp) -> Uuid {
        let millis = u64::try_from(at.as_unix_micros() / 1_000).unwrap_or(0);
        let mut random = [0; 10];
        getrandom::fill(&mut random).expect("the operating system gives random bytes");
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_later_and_none_repeats() {
        let earlier = RandomIds.new_id(Timestamp::from_unix_micros(1_000_000));
        let later = RandomIds.new_id(Timestamp::from_unix_micros(1_002_000));
        assert!(earlier < later);
        assert_eq!(earlier.get_version_num(), 7);
        let again = RandomIds.new_id(Timestamp::from_unix_micros(1_000_000));
        assert_ne!(earlier, again);
    }
}
