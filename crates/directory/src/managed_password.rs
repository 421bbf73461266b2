//! The password of a group Managed Service Account: `msDS-ManagedPassword`, whose value is an
//! `MSDS-MANAGEDPASSWORD_BLOB` ([MS-ADTS] section 2.2.19).
//!
//! ```text
//!  0  u16  version, 1
//!  2  u16  reserved, 0
//!  4  u32  length of everything
//!  8  u16  offset of the current password
//! 10  u16  offset of the previous password; 0: there is none
//! 12  u16  offset of the time after which to ask again, u64 in 100 ns
//! 14  u16  offset of the time for which the password stays, u64 in 100 ns
//! 16  the passwords, UTF-16 with a zero at the end; padding to 8 bytes; the times
//! ```
//!
//! All numbers are little-endian. A password is any UTF-16 units but zero, and often no valid text.

use std::{fmt, time::Duration};

use ldap3::{Scope, SearchEntry, ldap_escape};
use zeroize::{Zeroize, Zeroizing};

use crate::{Directory, DirectoryError, connect::Connection, search};

/// What a directory says of the password of a managed account. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ManagedPassword {
    current: Zeroizing<Vec<u8>>,
    previous: Option<Zeroizing<Vec<u8>>>,
    ask_again_in: Duration,
    stays_for: Duration,
}

/// Why bytes are no such value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManagedPasswordError {
    /// Fewer bytes than its beginning has, or more than any.
    #[error("it has {0} bytes, {HEAD} to {MAX_BYTES} are possible")]
    Size(usize),
    /// A version of later days.
    #[error("it is of version {0}, version 1 is known")]
    Version(u16),
    /// It is cut, or says a wrong length.
    #[error("it says that it has {said} bytes, and has {there}")]
    Length {
        /// What it says.
        said: u32,
        /// What there is.
        there: usize,
    },
    /// Something is said to be where nothing can be.
    #[error("the {0} lies outside of it")]
    Outside(&'static str),
    /// A password without an end, or without anything before it.
    #[error("the {0} is empty or has no end")]
    NoText(&'static str),
}

impl ManagedPassword {
    /// Reads the value of `msDS-ManagedPassword`.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn read(blob: &[u8]) -> Result<Self, ManagedPasswordError> {
        if !(HEAD..=MAX_BYTES).contains(&blob.len()) {
            return Err(ManagedPasswordError::Size(blob.len()));
        }
        let version = number(blob, 0).ok_or(ManagedPasswordError::Size(blob.len()))?;
        if version != VERSION {
            return Err(ManagedPasswordError::Version(version));
        }
        let said = array(blob, 4).map(u32::from_le_bytes).unwrap_or_default();
        if usize::try_from(said) != Ok(blob.len()) {
            return Err(ManagedPasswordError::Length {
                said,
                there: blob.len(),
            });
        }
        let offset = |at| usize::from(number(blob, at).unwrap_or_default());
        let previous = offset(10);
        let (again, stays) = (offset(12), offset(14));
        // What comes next ends a password, too.
        let ends = [previous, again, stays];
        let password = |start: usize, what| {
            let mut after = ends.iter().copied().filter(|end| *end > start);
            let end = after.by_ref().min().unwrap_or(blob.len());
            text(blob, start, end, what)
        };
        Ok(Self {
            current: password(offset(8), "current password")?,
            previous: match previous {
                0 => None,
                start => Some(password(start, "previous password")?),
            },
            ask_again_in: interval(blob, again, "time after which to ask again")?,
            stays_for: interval(blob, stays, "time for which the password stays")?,
        })
    }

    /// The password, as UTF-16 in little-endian without the zero at its end: what the NT hash and
    /// Kerberos keys are made of.
    pub fn utf16_le(&self) -> &[u8] {
        &self.current
    }

    /// That before it, with which computers that have not heard of the change still let in.
    pub fn previous_utf16_le(&self) -> Option<&[u8]> {
        self.previous.as_ref().map(|previous| &***previous)
    }

    /// After which time the directory is to be asked again: it may have another one then.
    pub const fn ask_again_in(&self) -> Duration {
        self.ask_again_in
    }

    /// For which time this one is sure to stay.
    pub const fn stays_for(&self) -> Duration {
        self.stays_for
    }
}

fn text(
    blob: &[u8],
    start: usize,
    end: usize,
    what: &'static str,
) -> Result<Zeroizing<Vec<u8>>, ManagedPasswordError> {
    let outside = ManagedPasswordError::Outside(what);
    let range = blob.get(start..end).filter(|_| start >= HEAD);
    let (units, _rest) = range.ok_or(outside)?.as_chunks::<2>();
    match units.iter().position(|unit| *unit == [0, 0]) {
        Some(length) if length > 0 => Ok(Zeroizing::new(units[..length].as_flattened().to_vec())),
        _ => Err(ManagedPasswordError::NoText(what)),
    }
}

fn interval(blob: &[u8], at: usize, what: &'static str) -> Result<Duration, ManagedPasswordError> {
    let bytes = array(blob, at).filter(|_| at >= HEAD);
    let ticks = u64::from_le_bytes(bytes.ok_or(ManagedPasswordError::Outside(what))?);
    Ok(Duration::from_micros(ticks / TICKS_IN_MICROSECOND))
}

fn number(blob: &[u8], at: usize) -> Option<u16> {
    array(blob, at).map(u16::from_le_bytes)
}

fn array<const N: usize>(blob: &[u8], at: usize) -> Option<[u8; N]> {
    blob.get(at..)?.first_chunk().copied()
}

/// Asks for the password of an account.
pub(crate) async fn fetch(
    connection: &mut Connection,
    directory: &Directory,
    account: &str,
    reader: &str,
) -> Result<ManagedPassword, DirectoryError> {
    let name = account.rsplit('\\').next().unwrap_or(account).trim();
    let base = search::base(connection, directory).await?;
    let filter = format!(
        "(&(objectClass=msDS-GroupManagedServiceAccount)(sAMAccountName={}))",
        ldap_escape(name)
    );
    let mut found = None;
    let place = (&*base, Scope::Subtree);
    search::each(connection, place, &filter, &[ATTRIBUTE], |entry| {
        found = Some(Wiped(entry));
        Ok(())
    })
    .await?;
    let found = found.ok_or_else(|| DirectoryError::NoManagedAccount(name.to_owned()))?;
    let blob = found
        .value()
        .ok_or_else(|| DirectoryError::NoManagedPassword {
            account: name.to_owned(),
            reader: reader.to_owned(),
        })?;
    Ok(ManagedPassword::read(blob)?)
}

/// An entry that does not stay in memory.
struct Wiped(SearchEntry);

impl Wiped {
    fn value(&self) -> Option<&[u8]> {
        let is_it = |name: &str| name.to_lowercase().starts_with("msds-managedpassword");
        let binary = self.0.bin_attrs.iter().find(|(name, _)| is_it(name));
        let text = self.0.attrs.iter().find(|(name, _)| is_it(name));
        let binary = binary
            .and_then(|(_, values)| values.first())
            .map(Vec::as_slice);
        binary.or_else(|| {
            text.and_then(|(_, values)| values.first())
                .map(String::as_bytes)
        })
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.bin_attrs.values_mut().for_each(Zeroize::zeroize);
        self.0.attrs.values_mut().for_each(Zeroize::zeroize);
    }
}

impl fmt::Debug for ManagedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedPassword")
            .field("ask_again_in", &self.ask_again_in)
            .field("stays_for", &self.stays_for)
            .finish_non_exhaustive()
    }
}

const ATTRIBUTE: &str = "msDS-ManagedPassword";
const VERSION: u16 = 1;
const HEAD: usize = 16;
/// Offsets are of 16 bits.
const MAX_BYTES: usize = 1 << 16;
const TICKS_IN_MICROSECOND: u64 = 10;

#[cfg(test)]
mod tests;
