//! The first user, and a way back in for one who forgot his password.

use anyhow::Context as _;
use eidetic_store::control::{ControlStore, User};

use crate::api::auth::password;

/// The name of the first user.
pub const FIRST_USER: &str = "administrator";

/// Makes the first user if there is none. Returns his one-time password, which nobody can find
/// out later.
///
/// # Errors
///
/// If the store fails.
pub async fn make_first_user(control: &dyn ControlStore) -> anyhow::Result<Option<String>> {
    if control.user_count().await? > 0 {
        return Ok(None);
    }
    put_with_one_time_password(control, FIRST_USER)
        .await
        .map(Some)
}

/// Gives a user a new one-time password, and returns it.
///
/// # Errors
///
/// If there is no such user, or the store fails.
pub async fn reset_password(control: &dyn ControlStore, name: &str) -> anyhow::Result<String> {
    let user = control.user(name).await?;
    let user = user.with_context(|| format!("there is no user {name:?}"))?;
    put_with_one_time_password(control, &user.name).await
}

async fn put_with_one_time_password(
    control: &dyn ControlStore,
    name: &str,
) -> anyhow::Result<String> {
    let password = password::generate_one_time()?;
    let user = User {
        name: name.to_owned(),
        password_hash: password::hash(&password)?,
        must_change_password: true,
    };
    control.put_user(user).await?;
    Ok(password)
}
