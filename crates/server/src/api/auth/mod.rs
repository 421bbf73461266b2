//! Who is asking: passwords, sign-ins, and the rights that handlers take as arguments.

mod cookie;
pub mod password;
mod signed_in;
pub(super) mod throttle;

use std::time::Duration;

pub(super) use cookie::{SignInSecret, forget_header};
pub(super) use signed_in::{ClientAddress, Identified, SignedIn};

/// How long a sign-in lasts, used or not.
pub(super) const SIGN_IN_LASTS: Duration = Duration::from_secs(12 * 60 * 60);
