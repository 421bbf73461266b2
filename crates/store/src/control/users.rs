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

/// The number of a kept [`ViewingEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ViewingId(pub i64);

/// How much of a recording was looked at, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The earliest moment of the recording that was shown.
    pub from: Timestamp,
    /// The latest.
    pub until: Timestamp,
    /// When something was shown last.
    pub last: Timestamp,
}

/// Which of the things that users did. What is empty fits all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewingFilter {
    /// By users whose name contains this.
    pub user: String,
    /// Of these kinds, such as `watched session`.
    pub what: Vec<String>,
    /// Whose object contains this; case does not count.
    pub object: String,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// That a user watched, searched or changed something: their seeing is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// What was before, if something was changed.
    pub before: String,
    /// What is after, if something was changed.
    pub after: String,
    /// How much of a recording was looked at, as far as that is known.
    pub looked: Option<Looked>,
}
