//! Passwords: argon2id hashes as PHC strings, and one-time passwords.
//!
//! Hashing takes tens of milliseconds of a core and 19 MiB on purpose. The functions here are
//! synchronous; within the server they run through [`PasswordWorkers`], which bounds how many do
//! so at once.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{self, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;

/// The fewest characters of a password that a user chooses.
pub const MIN_CHARACTERS: usize = 12;

/// The most bytes of a password: a longer one is refused before it costs anything.
pub const MAX_BYTES: usize = 1024;

/// Why a password could not be hashed or checked. A wrong password is not an error.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The stored hash is not one of argon2id, or there is no memory left.
    #[error("failed to compute a password hash")]
    Hash(#[source] password_hash::Error),
    /// The stored hash cannot be read.
    #[error("stored password hash is damaged")]
    Damaged(#[source] password_hash::phc::Error),
    /// The system gives no random bytes.
    #[error("failed to get random bytes")]
    Random(#[source] getrandom::Error),
    /// The worker was lost: the process is leaving.
    #[error("password check was interrupted")]
    Interrupted,
}

/// The hash of a password under a new salt, as a PHC string.
///
/// # Errors
///
/// If there is no randomness or no memory.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(PasswordError::Random)?;
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether a password is the one with this hash.
///
/// # Errors
///
/// If the hash cannot be read or computed.
pub fn verify(password: &str, hash: &str) -> Result<bool, PasswordError> {
    let hash = PasswordHash::new(hash).map_err(PasswordError::Damaged)?;
    match Argon2::default().verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(PasswordError::Hash(error)),
    }
}

/// A random password of 20 letters and digits in groups of five: 100 bits, without characters
/// that look alike.
///
/// # Errors
///
/// If the system gives no random bytes.
pub fn generate_one_time() -> Result<String, PasswordError> {
    let mut random = [0; 20];
    getrandom::fill(&mut random).map_err(PasswordError::Random)?;
    let characters = random.map(|byte| char::from(ONE_TIME_ALPHABET[usize::from(byte % 32)]));
    let groups: Vec<String> = characters.chunks(5).map(String::from_iter).collect();
    Ok(groups.join("-"))
}

/// Hashes and checks passwords on threads of their own, a few at once; others wait.
#[derive(Clone, Debug)]
pub struct PasswordWorkers(Arc<Semaphore>);

impl PasswordWorkers {
    /// At most `at_once` hashes are computed at the same time.
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// [`hash`] on another thread.
    ///
    /// # Errors
    ///
    /// As [`hash`]; or if the process is leaving.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || hash(&password)).await
    }

    /// [`verify`] on another thread. Without a hash it takes as long, and the answer is no: who
    /// asks cannot tell from the time whether there is such a user.
    ///
    /// # Errors
    ///
    /// As [`verify`]; or if the process is leaving.
    pub async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.run(move || match hash {
            Some(hash) => verify(&password, &hash),
            None => verify(&password, NOBODYS_HASH).map(|_never| false),
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.0)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Interrupted)?;
        tokio::task::spawn_blocking(move || {
            let _held_while_working = permit;
            work()
        })
        .await
        .map_err(|_| PasswordError::Interrupted)?
    }
}

const SALT_BYTES: usize = 16;

/// Neither `0` and `o` nor `1` and `l`.
const ONE_TIME_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A hash with the parameters of [`hash`], of a password that nobody knows.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keS0wMA\
    $c2VjcmV0LXRoYXQtbm9ib2R5LWtub3dzLWF0LWFsbC0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_no_other_is() {
        let hash = hash("correct horse battery").unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(verify("correct horse battery", &hash).unwrap());
        assert!(!verify("correct horse batterY", &hash).unwrap());
        assert!(verify("anything", "not a hash").is_err());
    }

    #[test]
    fn the_hash_that_stands_in_for_unknown_users_costs_as_much() {
        assert!(!verify("anything", NOBODYS_HASH).unwrap());
        let cost = |hash: &str| hash.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(cost(NOBODYS_HASH), cost(&hash("anything").unwrap()));
    }

    #[test]
    fn one_time_passwords_are_long_and_never_the_same() {
        let one = generate_one_time().unwrap();
        assert_eq!(one.len(), 23);
        assert_ne!(one, generate_one_time().unwrap());
    }
}
