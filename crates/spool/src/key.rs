//! The key, and sealing with it.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroize;

/// The secret that the spool's content is encrypted with. Wiped from memory when dropped.
#[derive(Clone)]
pub struct SpoolKey([u8; 32]);

impl SpoolKey {
    /// The key with these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Drop for SpoolKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A secret: nothing of it is shown.
impl fmt::Debug for SpoolKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpoolKey(..)")
    }
}

/// Seals and opens with one key.
pub(crate) struct Cipher(XChaCha20Poly1305);

impl Cipher {
    pub(crate) fn new(key: &SpoolKey) -> Self {
        Self(XChaCha20Poly1305::new(&key.0.into()))
    }

    /// A fresh nonce and the sealed content after it.
    pub(crate) fn seal(&self, content: &[u8], bound: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload {
            msg: content,
            aad: bound,
        };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| std::io::Error::other("failed to encrypt"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The content, if `sealed` is whole and was sealed with this key and `bound`.
    pub(crate) fn open(&self, sealed: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: bound,
        };
        self.0.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

const NONCE_BYTES: usize = 24;

/// By how many bytes sealing makes the content longer.
pub(crate) const SEALING_BYTES: usize = NONCE_BYTES + 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_place_only() {
        let cipher = Cipher::new(&SpoolKey::new([1; 32]));
        let sealed = cipher.seal(b"content", b"here").unwrap();
        assert_eq!(sealed.len(), b"content".len() + SEALING_BYTES);
        assert_eq!(cipher.open(&sealed, b"here").unwrap(), b"content");
        assert!(cipher.open(&sealed, b"there").is_none());
        assert!(cipher.open(&sealed[..20], b"here").is_none());
        let other = Cipher::new(&SpoolKey::new([2; 32]));
        assert!(other.open(&sealed, b"here").is_none());
        assert_ne!(cipher.seal(b"content", b"here").unwrap(), sealed);
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert_eq!(format!("{:?}", SpoolKey::new([7; 32])), "SpoolKey(..)");
    }
}
