//! The passwords of group Managed Service Accounts, which the directory makes anew by itself.
//!
//! INVARIANT: they are in memory only, for as long as the directory says that they hold, and are
//! wiped when nobody needs them any more.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use eidetic_deploy::SignInWith;
use eidetic_directory::ManagedPassword;
use eidetic_search::fold;

use super::{AskError, Directories};
use crate::components::Components;

/// What was read, until when it counts.
#[derive(Default)]
pub(super) struct ManagedPasswords(Mutex<HashMap<String, (Arc<ManagedPassword>, Duration)>>);

impl Directories {
    /// The password of an account for collecting data that is a group Managed Service Account. It is
    /// read from the directory at most as often as that says.
    ///
    /// # Errors
    ///
    /// If there is no such account, or the directory does not give its password.
    pub async fn managed_password(
        &self,
        components: &Components,
        account: &str,
    ) -> Result<Arc<ManagedPassword>, AskError> {
        let control = components.control.as_ref();
        let found = components.deployment.account(control, account).await?;
        let found = found.ok_or_else(|| AskError::NoAccount(account.to_owned()))?;
        let SignInWith::ManagedServiceAccount { directory } = &found.with else {
            return Err(AskError::NotManaged(account.to_owned()));
        };
        let now = components.clock.monotonic();
        let key = format!("{}\n{}", fold(directory), fold(&found.user));
        {
            let mut known = self.0.managed.locked();
            known.retain(|_, (_, until)| now < *until);
            if let Some((password, _)) = known.get(&key) {
                return Ok(password.clone());
            }
        }
        let (settings, with) = self.how(control, &components.deployment, directory).await?;
        let asked = settings.directory();
        let answer = eidetic_directory::managed_password(&asked, &with, &found.user).await?;
        let password = Arc::new(self.answered(control, &settings, answer).await?);
        let until = now.saturating_add(password.ask_again_in().min(LONGEST));
        let mut known = self.0.managed.locked();
        known.insert(key, (password.clone(), until));
        Ok(password)
    }
}

impl ManagedPasswords {
    fn locked(&self) -> MutexGuard<'_, HashMap<String, (Arc<ManagedPassword>, Duration)>> {
        let known = self.0.lock();
        known.expect("nothing panics while it holds this lock")
    }
}

/// As long as a password holds where nobody said otherwise.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);
