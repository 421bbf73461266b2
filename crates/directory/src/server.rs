//! A directory's server, and what can be asked of it.

use std::{fmt, future::Future, time::Duration};

use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::{
    ContainerQuery, DirectoryError, Fingerprint, Found, ListedContainer, ManagedPassword, Trust,
    connect::Connection, container, managed_password::fetch, search,
};

/// A directory's server, and how it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// By what it is known.
    pub trust: Trust,
    /// The distinguished name under which everything is; `None` if the directory shall say.
    pub base: Option<String>,
}

/// How a connection is encrypted. In the open is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// From its first byte.
    Ldaps,
    /// From the moment on at which it is asked for.
    StartTls,
}

/// With whom to ask.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `user@domain`, `DOMAIN\user` or a distinguished name.
    pub user: String,
    /// Its password.
    pub password: Zeroizing<String>,
}

/// An answer, and the certificate of the server that gave it.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// By what the server was known.
    pub certificate: Fingerprint,
}

/// What a directory says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The distinguished name under which everything is.
    pub base: String,
}

/// Tries a directory: connects, signs in, and finds its base.
///
/// # Errors
///
/// If any of it fails.
pub async fn survey(
    directory: &Directory,
    credentials: &Credentials,
) -> Result<Answer<Survey>, DirectoryError> {
    let (directory, credentials) = (directory.clone(), credentials.clone());
    guarded(directory.address(), async move {
        let mut connection = Connection::open(&directory, &credentials).await?;
        let base = search::base(&mut connection, &directory).await;
        connection.answer(base.map(|base| Survey { base })).await
    })
    .await
}

/// The containers directly in another one; in the base, if none is named.
///
/// # Errors
///
/// If the directory cannot be asked, or there is no such container.
pub async fn containers(
    directory: &Directory,
    credentials: &Credentials,
    parent: Option<String>,
) -> Result<Answer<ListedContainer>, DirectoryError> {
    let (directory, credentials) = (directory.clone(), credentials.clone());
    guarded(directory.address(), async move {
        let mut connection = Connection::open(&directory, &credentials).await?;
        let listed = container::list(&mut connection, &directory, parent).await;
        connection.answer(listed).await
    })
    .await
}

/// The computers in a container.
///
/// # Errors
///
/// If the directory cannot be asked, or there is no such container.
pub async fn computers(
    directory: &Directory,
    credentials: &Credentials,
    query: &ContainerQuery,
) -> Result<Answer<Found>, DirectoryError> {
    let (directory, credentials) = (directory.clone(), credentials.clone());
    let query = query.clone();
    guarded(directory.address(), async move {
        let mut connection = Connection::open(&directory, &credentials).await?;
        let found = container::computers(&mut connection, &directory, &query).await;
        connection.answer(found).await
    })
    .await
}

/// The password of a group Managed Service Account, written `account$` or `DOMAIN\account$`.
///
/// # Errors
///
/// If the directory cannot be asked, or does not give it.
pub async fn managed_password(
    directory: &Directory,
    credentials: &Credentials,
    account: &str,
) -> Result<Answer<ManagedPassword>, DirectoryError> {
    let (directory, credentials) = (directory.clone(), credentials.clone());
    let account = account.to_owned();
    guarded(directory.address(), async move {
        let mut connection = Connection::open(&directory, &credentials).await?;
        let reader = &credentials.user;
        let password = fetch(&mut connection, &directory, &account, reader).await;
        connection.answer(password).await
    })
    .await
}

impl Directory {
    fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Asks on a task of its own: the library panics at some answers that make no sense, and that shall
/// end nothing but the question.
async fn guarded<T: Send + 'static>(
    address: String,
    question: impl Future<Output = Result<Answer<T>, DirectoryError>> + Send + 'static,
) -> Result<Answer<T>, DirectoryError> {
    let asked = tokio::spawn(async move {
        let within = timeout(ALL_WITHIN, question).await;
        within.unwrap_or(Err(DirectoryError::TooLong(ALL_WITHIN.as_secs())))
    });
    // Whoever does not want the answer any more ends the question.
    let mut asked = EndedWhenDropped(asked);
    (&mut asked.0).await.unwrap_or_else(|_panicked| {
        Err(DirectoryError::NotLdap {
            address,
            reason: "its answer makes no sense".to_owned(),
        })
    })
}

struct EndedWhenDropped<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for EndedWhenDropped<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// As long as the largest container takes.
const ALL_WITHIN: Duration = Duration::from_secs(300);
