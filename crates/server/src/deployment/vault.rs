//! The key that seals the secrets of accounts. It lies beside the certificates' keys and outside of
//! the database: who gets hold of the one learns no password.

use std::{fmt, io, path::Path};

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::{Zeroize as _, Zeroizing};

use crate::pki::{PkiError, private_file};

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

impl Vault {
    /// The vault with this key.
    pub fn new(mut key: [u8; 32]) -> Self {
        let vault = Self(XChaCha20Poly1305::new(&key.into()));
        key.zeroize();
        vault
    }

    /// The vault whose key is in this folder, which only this account can read; both are made if
    /// they are not there.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written, or is no key.
    pub fn open(folder: &Path) -> Result<Self, PkiError> {
        private_file::private_folder(folder)?;
        let path = &folder.join("accounts.key");
        let mut key = [0; 32];
        match private_file::read(path)?.map(Zeroizing::new) {
            Some(text) => hex::decode_to_slice(text.trim(), &mut key)
                .map_err(|error| private_file::unusable(path, &error))?,
            None => {
                getrandom::fill(&mut key).map_err(|error| private_file::unusable(path, &error))?;
                let text = Zeroizing::new(hex::encode(key));
                private_file::write_private(path, &text)?;
            }
        }
        Ok(Self::new(key))
    }

    /// A fresh nonce and the sealed secret after it. It opens only with what it is bound to.
    pub(crate) fn seal(&self, secret: &[u8], bound: &[u8]) -> io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload {
            msg: secret,
            aad: bound,
        };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| io::Error::other("failed to encrypt"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The secret, if it was sealed with this key and for this.
    pub(crate) fn open_sealed(&self, sealed: &[u8], bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: bound,
        };
        let opened = self.0.decrypt(&XNonce::from(*nonce), payload);
        opened.ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

const NONCE_BYTES: usize = 24;

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_secret_opens_with_the_key_of_the_file_and_for_what_it_was_sealed_only() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("pki");
        let path = folder.join("accounts.key");
        let sealed = Vault::open(&folder)
            .unwrap()
            .seal(b"secret", b"ann")
            .unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let vault = Vault::open(&folder).unwrap();
        assert_eq!(*vault.open_sealed(&sealed, b"ann").unwrap(), b"secret");
        assert!(vault.open_sealed(&sealed, b"bob").is_none());
        assert!(Vault::new([1; 32]).open_sealed(&sealed, b"ann").is_none());
        fs::write(&path, "no key").unwrap();
        assert!(Vault::open(&folder).is_err());
    }
}
