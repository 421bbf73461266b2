//! Asks a directory, by LDAP, for its computers and for the passwords of managed accounts.
//!
//! A [`Directory`] is a server and how it is trusted; [`survey`] tries it, [`containers`] looks into
//! it, [`computers`] finds what is in a container, [`managed_password`] reads the password of a group
//! Managed Service Account. Each call opens a connection of its own and closes it. What goes wrong is
//! a [`DirectoryError`], whose text says what to do about it.
//!
//! INVARIANT: nothing is sent before the connection is encrypted and the server's certificate is the
//! one that it should be; there is no way to ask in the open. Referrals are not followed: they would
//! lead to servers that nobody named.
//!
//! What is done with the computers, and when a directory is asked again, is left to others.

mod computer;
mod connect;
mod container;
mod error;
mod managed_password;
mod search;
mod server;
mod trust;

pub use computer::DirectoryComputer;
pub use container::{ContainerQuery, Found, ListedContainer, MAX_COMPUTERS};
pub use error::DirectoryError;
pub use managed_password::{ManagedPassword, ManagedPasswordError};
pub use server::{
    Answer, Credentials, Directory, Security, Survey, computers, containers, managed_password,
    survey,
};
pub use trust::{Fingerprint, Trust};
