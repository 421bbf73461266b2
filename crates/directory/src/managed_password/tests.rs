//! Vectors made by hand from [MS-ADTS] section 2.2.19, which has none itself, and properties.

use proptest::prelude::*;

use super::*;

/// A value as the specification lays it out.
fn blob(current: &[u16], previous: Option<&[u16]>, again: u64, stays: u64) -> Vec<u8> {
    let mut body = Vec::new();
    let mut put = |units: &[u16]| {
        let at = HEAD + body.len();
        body.extend(units.iter().chain(&[0]).flat_map(|unit| unit.to_le_bytes()));
        at
    };
    let current = put(current);
    let previous = previous.map_or(0, put);
    body.resize(body.len().next_multiple_of(8), 0);
    let intervals = HEAD + body.len();
    body.extend(again.to_le_bytes());
    body.extend(stays.to_le_bytes());
    let length = u32::try_from(HEAD + body.len()).unwrap();
    let offsets = [current, previous, intervals, intervals + 8];
    let offsets = offsets.map(|at| u16::try_from(at).unwrap().to_le_bytes());
    let head = [&[1, 0, 0, 0], &length.to_le_bytes()[..], &offsets.concat()].concat();
    [head, body].concat()
}

/// Byte by byte: "Ab" now, "Z" before, to be asked again in 2 hours, sure for 1.
const WRITTEN_OUT: &str = "\
    0100 0000 30000000 1000 1600 2000 2800 \
    410062000000 5a000000 000000000000 \
    00d088c310000000 0068c46108000000";

fn written_out() -> Vec<u8> {
    hex::decode(WRITTEN_OUT.replace(' ', "")).unwrap()
}

#[test]
fn a_value_written_out_is_read() {
    let read = ManagedPassword::read(&written_out()).unwrap();
    assert_eq!(read.utf16_le(), b"A\0b\0");
    assert_eq!(read.previous_utf16_le(), Some(&b"Z\0"[..]));
    assert_eq!(read.ask_again_in(), Duration::from_secs(7_200));
    assert_eq!(read.stays_for(), Duration::from_secs(3_600));
    assert!(!format!("{read:?}").contains('A'), "it is shown to nobody");
}

#[test]
fn a_new_accounts_value_has_no_previous_password() {
    // As the directory makes it: 128 units, half of them no text alone.
    let password: Vec<u16> = (0..128).map(|n| 0xd7c0 + n).collect();
    let read = ManagedPassword::read(&blob(&password, None, 1, 0)).unwrap();
    assert_eq!(read.utf16_le().len(), 256);
    assert_eq!(read.previous_utf16_le(), None);
}

#[test]
fn what_is_wrong_with_a_value_is_told_apart() {
    let change = |at: usize, byte: u8| {
        let mut blob = written_out();
        blob[at] = byte;
        ManagedPassword::read(&blob).unwrap_err()
    };
    assert_eq!(change(0, 2), ManagedPasswordError::Version(2));
    let length = ManagedPasswordError::Length {
        said: 0x31,
        there: 0x30,
    };
    assert_eq!(change(4, 0x31), length);
    let outside = ManagedPasswordError::Outside("current password");
    assert_eq!(change(9, 0x20), outside);
    assert_eq!(change(8, 0x02), outside, "it is no part of the beginning");
    let outside = ManagedPasswordError::Outside("time for which the password stays");
    assert_eq!(change(14, 0x29), outside);
    let empty = ManagedPasswordError::NoText("current password");
    assert_eq!(change(16, 0), empty);
    // The zero at its end is another unit: it would run into the previous one.
    assert_eq!(change(20, 1), empty);
    for cut in 0..written_out().len() {
        assert!(ManagedPassword::read(&written_out()[..cut]).is_err());
    }
    let large = vec![1; MAX_BYTES + 1];
    let size = ManagedPasswordError::Size(large.len());
    assert_eq!(ManagedPassword::read(&large), Err(size));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _refused = ManagedPassword::read(&bytes);
    }

    #[test]
    fn any_damage_to_a_value_is_read_or_refused(at in 0_usize..48, byte: u8) {
        let mut blob = written_out();
        blob[at] = byte;
        if let Ok(read) = ManagedPassword::read(&blob) {
            prop_assert!(!read.utf16_le().is_empty());
            prop_assert!(read.utf16_le().len() < blob.len());
        }
    }

    #[test]
    fn what_was_laid_out_is_read(
        current in proptest::collection::vec(1_u16.., 1..200),
        previous in proptest::option::of(proptest::collection::vec(1_u16.., 1..200)),
        again: u64,
        stays: u64,
    ) {
        let bytes = |units: &[u16]| units.iter().flat_map(|u| u.to_le_bytes()).collect::<Vec<_>>();
        let read = ManagedPassword::read(&blob(&current, previous.as_deref(), again, stays));
        let read = read.unwrap();
        prop_assert_eq!(read.utf16_le(), &*bytes(&current));
        let before = previous.as_deref().map(bytes);
        prop_assert_eq!(read.previous_utf16_le(), before.as_deref());
        prop_assert_eq!(read.ask_again_in(), Duration::from_micros(again / 10));
        prop_assert_eq!(read.stays_for(), Duration::from_micros(stays / 10));
    }
}
