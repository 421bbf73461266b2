//! Accounts and signing in.

use std::fmt;

use eidetic_store::control::User;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A user of the console.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Account {
    /// The name with which he signs in.
    pub user_name: String,
    /// Whether he must choose another password before anything else.
    pub must_change_password: bool,
}

/// A name and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The user's name; case does not count.
    pub user_name: String,
    /// The password.
    #[schema(format = Password)]
    pub password: String,
}

/// The old and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password until now.
    #[schema(format = Password)]
    pub current_password: String,
    /// The password from now on: at least 12 characters.
    #[schema(format = Password, min_length = 12)]
    pub new_password: String,
}

impl From<&User> for Account {
    fn from(user: &User) -> Self {
        Self {
            user_name: user.name.clone(),
            must_change_password: user.must_change_password,
        }
    }
}

impl fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInRequest").finish_non_exhaustive()
    }
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange").finish_non_exhaustive()
    }
}
