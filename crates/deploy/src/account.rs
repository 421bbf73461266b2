//! With whom to sign in on other computers.

use russh::keys::{self, PrivateKey, decode_secret_key};

use crate::Secret;

/// An account of other computers that may install there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub user: String,
    /// How it signs in.
    pub with: SignInWith,
}

/// How an account signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInWith {
    /// With its password, which `sudo` is told too where it asks.
    Password(Secret),
    /// With a private key, as OpenSSH or PEM text.
    Key {
        /// The key.
        key: Secret,
        /// What the key is encrypted with, if it is.
        passphrase: Option<Secret>,
        /// What `sudo` is told where it asks; without it, it must not ask.
        sudo_password: Option<Secret>,
    },
    /// As a group Managed Service Account, whose password nobody stores: a directory has it. On
    /// Windows only.
    ManagedServiceAccount {
        /// The name of the directory.
        directory: String,
    },
}

impl SignInWith {
    /// Says what is wrong with a key before it is used.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Password(password) if password.reveal().is_empty() => {
                Err("the password is empty".to_owned())
            }
            Self::Password(_) | Self::ManagedServiceAccount { .. } => Ok(()),
            Self::Key {
                key, passphrase, ..
            } => read_key(key, passphrase.as_ref()).map(drop),
        }
    }

    /// What `sudo` is to be told where it asks.
    pub(crate) const fn sudo_password(&self) -> Option<&Secret> {
        match self {
            Self::Password(password) => Some(password),
            Self::Key { sudo_password, .. } => sudo_password.as_ref(),
            Self::ManagedServiceAccount { .. } => None,
        }
    }
}

pub(crate) fn read_key(key: &Secret, passphrase: Option<&Secret>) -> Result<PrivateKey, String> {
    let passphrase = passphrase.map(Secret::reveal);
    decode_secret_key(key.reveal().trim_start(), passphrase).map_err(|error| match error {
        keys::Error::KeyIsEncrypted => {
            "the private key is encrypted: its passphrase is needed".to_owned()
        }
        // What a library says of a key that it could not decrypt may hold some of it.
        _ if passphrase.is_some() => {
            "the private key cannot be read: the passphrase may be wrong".to_owned()
        }
        _ if key.reveal().trim_start().starts_with("ssh-") => {
            "this is a public key: the private key is needed".to_owned()
        }
        _ => "the private key cannot be read: OpenSSH and PEM keys are taken (Ed25519, ECDSA, RSA)"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, passphrase: Option<&str>) -> String {
        let with = SignInWith::Key {
            key: Secret::new(key),
            passphrase: passphrase.map(Secret::new),
            sudo_password: None,
        };
        with.check().unwrap_err()
    }

    #[test]
    fn a_key_that_cannot_be_used_is_told_apart() {
        assert!(check("ssh-ed25519 AAAA", None).contains("public key"));
        assert!(check("nothing", None).contains("cannot be read"));
        assert!(check("nothing", Some("x")).contains("passphrase"));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let account = Account {
            user: "ann".into(),
            with: SignInWith::Password(Secret::new("hunter2")),
        };
        assert!(!format!("{account:?}").contains("hunter2"));
    }
}
