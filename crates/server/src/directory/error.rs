//! Why a directory was not asked.

use eidetic_directory::DirectoryError;
use eidetic_store::StoreError;

/// Why a directory was not asked, or gave no answer. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The directory itself, or the way to it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// No directory has this name.
    #[error("there is no directory {0:?}: add it, or name another one")]
    NoDirectory(String),
    /// No account has this name.
    #[error("there is no account {0:?}: choose another, or make it again")]
    NoAccount(String),
    /// The account has no password.
    #[error("the account {0:?} has no password, with which alone a directory lets in")]
    NoPassword(String),
    /// The account is no managed one.
    #[error("the account {0:?} is no group Managed Service Account")]
    NotManaged(String),
    /// The server's own data.
    #[error("the server's data cannot be read or written: {0}")]
    Store(#[from] StoreError),
}

impl AskError {
    /// A word for the kind of failure, which stays the same.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Directory(error) => error.code(),
            Self::NoDirectory(_) => "no_directory",
            Self::NoAccount(_) => "no_account",
            Self::NoPassword(_) => "no_password",
            Self::NotManaged(_) => "not_managed",
            Self::Store(_) => "server",
        }
    }
}
