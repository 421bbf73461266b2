//! Tokens that are for one computer only, by its name.

use eidetic_search::fold;
use eidetic_store::{StoreError, control::ControlStore};

/// Keeps that a token is for this computer alone. To be called before the token is kept: one that
/// is good for every computer must not be there for a moment.
///
/// # Errors
///
/// If the store fails.
pub async fn bind(
    control: &dyn ControlStore,
    secret_sha256: [u8; 32],
    computer: &str,
) -> Result<(), StoreError> {
    control
        .put_setting(&setting(secret_sha256), computer)
        .await
        .map(drop)
}

/// The computer that a token is for; nothing if it is for any.
pub(super) async fn bound_to(
    control: &dyn ControlStore,
    secret_sha256: [u8; 32],
) -> Result<Option<String>, StoreError> {
    let bound = control.setting(&setting(secret_sha256)).await?;
    Ok(bound.map(|(_, computer)| computer))
}

/// Whether a computer that calls itself so may be the one that is meant. It may know itself with or
/// without its domain, and by a NetBIOS name that was cut.
pub(super) fn is_for(meant: &str, own: &str) -> bool {
    let (meant, own) = (normal(meant), normal(own));
    if meant == own {
        return true;
    }
    if meant.contains('.') && own.contains('.') {
        return false;
    }
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let (meant, own) = (label(&meant), label(&own));
    meant == own || is_cut(&own, &meant) || is_cut(&meant, &own)
}

fn is_cut(cut: &str, whole: &str) -> bool {
    cut.chars().count() == NETBIOS_CHARACTERS && whole.starts_with(cut)
}

fn normal(name: &str) -> String {
    fold(name.trim().trim_end_matches('.'))
}

fn setting(secret_sha256: [u8; 32]) -> String {
    format!("token-computer/{}", hex::encode(secret_sha256))
}

const NETBIOS_CHARACTERS: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_is_meant_with_and_without_its_domain_and_when_its_name_was_cut() {
        for (meant, own) in [
            ("web-1", "WEB-1"),
            ("web-1.corp.example", "web-1"),
            ("web-1", "web-1.corp.example."),
            ("terminalserver-west", "TERMINALSERVER-"),
        ] {
            assert!(is_for(meant, own), "{meant} {own}");
        }
        for (meant, own) in [
            ("web-1", "web-10"),
            ("web-1", "web-2"),
            ("web-1.corp.example", "web-1.lab.example"),
            ("terminal", "term"),
        ] {
            assert!(!is_for(meant, own), "{meant} {own}");
        }
    }
}
