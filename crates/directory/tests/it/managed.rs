//! The password of a managed account, as a directory gives it.

use std::time::Duration;

use eidetic_directory::managed_password;
use eidetic_testkit::{DirectoryCertificate, PrivateDirectory};

use super::{account, by_ldaps, by_starttls, reader};

/// "Ab" now, "Z" before, to be asked again in 2 hours; laid out by hand from [MS-ADTS] 2.2.19.
const BLOB: [u8; 48] = [
    1, 0, 0, 0, 48, 0, 0, 0, 16, 0, 22, 0, 32, 0, 40, 0, b'A', 0, b'b', 0, 0, 0, b'Z', 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0xd0, 0x88, 0xc3, 0x10, 0, 0, 0, 0, 0x68, 0xc4, 0x61, 0x08, 0, 0, 0,
];

#[tokio::test]
async fn whoever_may_read_it_gets_it_by_ldaps_and_starttls() {
    let server = PrivateDirectory::start_with(DirectoryCertificate::Good, &BLOB).unwrap();
    for directory in [by_ldaps(&server), by_starttls(&server)] {
        for name in ["eidetic$", "CORP\\EIDETIC$"] {
            let read = managed_password(&directory, &reader(), name).await.unwrap();
            assert_eq!(read.value.utf16_le(), b"A\0b\0");
            assert_eq!(read.value.previous_utf16_le(), Some(&b"Z\0"[..]));
            assert_eq!(read.value.ask_again_in(), Duration::from_secs(7_200));
        }
    }
}

#[tokio::test]
async fn who_may_not_read_it_is_told_what_is_missing() {
    let server = PrivateDirectory::start_with(DirectoryCertificate::Good, &BLOB).unwrap();
    let directory = by_ldaps(&server);
    let other = account(PrivateDirectory::OTHER, PrivateDirectory::PASSWORD);
    let refused = managed_password(&directory, &other, PrivateDirectory::MANAGED).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), "no_managed_password");
    assert!(
        refused.to_string().contains(PrivateDirectory::OTHER),
        "{refused}"
    );
    for name in ["nobody$", "*", "eidetic"] {
        let unknown = managed_password(&directory, &reader(), name)
            .await
            .unwrap_err();
        assert_eq!(unknown.code(), "no_managed_account", "{name}");
    }
    let cut = PrivateDirectory::start_with(DirectoryCertificate::Good, &BLOB[..40]).unwrap();
    let unreadable = managed_password(&by_ldaps(&cut), &reader(), PrivateDirectory::MANAGED).await;
    assert_eq!(
        unreadable.unwrap_err().code(),
        "managed_password_unreadable"
    );
}
