//! Who this agent is: the certificate that the server gave it, the key that only it has, and the
//! authority by which it knows the server.
//!
//! Made once by [`enrol`], now or, if an installer asked for it, once the service runs ([`pending`]);
//! kept in the state folder by [`file`]; [`tls`] is what both ends prove
//! to each other with it, and [`renewal`] says when the certificate has to be renewed.

mod enrol;
mod file;
mod pending;
pub(crate) mod renewal;
mod tls;

pub(crate) use enrol::{EnrolError, Enrolment, enrol};
pub(crate) use file::Identity;
pub(crate) use pending::PendingEnrolment;
pub(crate) use tls::{client_config, is_pinned};
