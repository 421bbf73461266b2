//! Users of the console and their sign-ins.

use eidetic_model::Timestamp;

/// A user of the console.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name with which he signs in.
    pub name: String,
    /// The password's hash, as a PHC string (argon2id).
    pub password_hash: String,
    /// Whether he must choose another password before anything else.
    pub must_change_password: bool,
}

/// The hash is nobody's business.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("must_change_password", &self.must_change_password)
            .finish_non_exhaustive()
    }
}

/// SHA-256 of the secret in a sign-in's cookie: the secret itself is not kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignInId(pub [u8; 32]);

impl std::fmt::Debug for SignInId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInId(..)")
    }
}

/// A user who is signed in at one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its id.
    pub id: SignInId,
    /// The user's name.
    pub user: String,
    /// When it began.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// That a user watched or searched: their seeing is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewingEvent {
    /// When.
    pub when: Timestamp,
    /// Who.
    pub user: String,
    /// From which address.
    pub address: String,
    /// What, such as `watched session`, `searched`, `signed in`.
    pub what: String,
    /// The object, such as a session's id, or the search in words.
    pub object: String,
}
