//! The key by which a computer is known.

use std::fmt;

use russh::keys::{HashAlg, PublicKey};

/// The public key of a computer's SSH server.
#[derive(Clone, PartialEq, Eq)]
pub struct HostKey(Box<PublicKey>);

/// Which key a computer must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKeyRule {
    /// Nothing is known of it yet: any, which is to be kept.
    First,
    /// This one and no other.
    Pinned(HostKey),
}

impl HostKey {
    pub(crate) fn new(key: &PublicKey) -> Self {
        // What a computer says of its key is nobody's business.
        Self(Box::new(PublicKey::new(key.key_data().clone(), "")))
    }

    /// As it is written in a file such as `known_hosts`: the algorithm and the key.
    pub fn to_text(&self) -> String {
        self.0
            .to_openssh()
            .expect("a key that came over SSH can be written as SSH writes keys")
    }

    /// Reads what [`HostKey::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let key = PublicKey::from_openssh(text).ok()?;
        Some(Self::new(&key))
    }

    /// Its SHA-256, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Its algorithm, such as `ssh-ed25519`.
    pub fn algorithm(&self) -> String {
        self.0.algorithm().to_string()
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({self})")
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm(), self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_without_its_comment() {
        let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ root@host";
        let key = HostKey::from_text(text).unwrap();
        assert_eq!(format!("{} root@host", key.to_text()), text);
        assert_eq!(HostKey::from_text(&key.to_text()), Some(key.clone()));
        assert!(key.to_string().starts_with("ssh-ed25519 SHA256:"));
        assert_eq!(HostKey::from_text("nothing"), None);
    }
}
