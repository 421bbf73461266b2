//! What is shared between those who ask for something of directories and the one who watches them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use eidetic_deploy::{Account, SignInWith};
use eidetic_directory::{Answer, Credentials, Fingerprint, ListedContainer, Survey};
use eidetic_model::{ComputerFacts, DirectoryContainer, Member, Members, Timestamp};
use eidetic_store::{StoreError, control::ControlStore};
use tokio::sync::Notify;

use super::{
    AskError,
    managed::ManagedPasswords,
    settings::{DirectorySettings, StoredDirectories},
    snapshot::{Snapshot, Stored},
};
use crate::{deployment::Deployment, plans::ContainerMembers};

/// Directories and what they said. Cheap to clone.
#[derive(Clone, Default)]
pub struct Directories(pub(super) Arc<Shared>);

#[derive(Default)]
pub(super) struct Shared {
    /// Of two changes at once, the second is made to what the first left.
    changes: tokio::sync::Mutex<()>,
    snapshots: Mutex<HashMap<DirectoryContainer, Snapshot>>,
    /// Whether all are to be asked again, whenever they were asked.
    wanted: Mutex<bool>,
    news: Notify,
    pub(super) managed: ManagedPasswords,
}

/// Where a computer was, and is not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftContainer {
    /// The name of the directory.
    pub directory: String,
    /// The container; `None` for the whole directory.
    pub container: Option<String>,
    /// Since when that is known.
    pub since: Timestamp,
}

impl Directories {
    /// Takes up what was kept.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn load(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let Some((_, text)) = control.setting(SNAPSHOTS).await? else {
            return Ok(());
        };
        let stored: Vec<Stored> =
            serde_json::from_str(&text).map_err(|error| StoreError::Damaged {
                what: "computers of directories".to_owned(),
                reason: error.to_string(),
            })?;
        *self.snapshots_locked() = stored.into_iter().map(Stored::read).collect();
        Ok(())
    }

    // Settings.

    /// All directories, by name.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn list(
        &self,
        control: &dyn ControlStore,
    ) -> Result<Vec<DirectorySettings>, StoreError> {
        Ok(StoredDirectories::load(control).await?.into_list())
    }

    /// Keeps a directory, in place of one of that name. The same server stays known by the
    /// certificate that it showed first.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn put(
        &self,
        control: &dyn ControlStore,
        settings: DirectorySettings,
    ) -> Result<(), StoreError> {
        let _alone = self.0.changes.lock().await;
        let mut stored = StoredDirectories::load(control).await?;
        let settings = with_pin(&stored, settings);
        stored.put(settings);
        stored.save(control).await?;
        self.refresh_now();
        Ok(())
    }

    /// Forgets a directory. Whether there was one.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn remove(&self, control: &dyn ControlStore, name: &str) -> Result<bool, StoreError> {
        let _alone = self.0.changes.lock().await;
        let mut stored = StoredDirectories::load(control).await?;
        let was_there = stored.remove(name);
        if was_there {
            stored.save(control).await?;
        }
        Ok(was_there)
    }

    /// Forgets the certificate by which a directory's server is known: the next one that it shows is
    /// kept. Whether there is such a directory.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn forget_certificate(
        &self,
        control: &dyn ControlStore,
        name: &str,
    ) -> Result<bool, StoreError> {
        let _alone = self.0.changes.lock().await;
        let mut stored = StoredDirectories::load(control).await?;
        let Some(settings) = stored.named_mut(name) else {
            return Ok(false);
        };
        settings.pinned = None;
        stored.save(control).await?;
        self.refresh_now();
        Ok(true)
    }

    async fn pin(
        &self,
        control: &dyn ControlStore,
        asked: &DirectorySettings,
        shown: Fingerprint,
    ) -> Result<(), StoreError> {
        if asked.authority.is_some() || asked.pinned.is_some() {
            return Ok(());
        }
        let _alone = self.0.changes.lock().await;
        let mut stored = StoredDirectories::load(control).await?;
        if let Some(settings) = stored.named_mut(&asked.name)
            && settings == asked
        {
            settings.pinned = Some(shown.to_string());
            stored.save(control).await?;
        }
        Ok(())
    }

    // Questions.

    /// Tries a directory as it would be kept.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub async fn test(
        &self,
        control: &dyn ControlStore,
        deployment: &Deployment,
        settings: DirectorySettings,
    ) -> Result<Answer<Survey>, AskError> {
        let stored = StoredDirectories::load(control).await?;
        let settings = with_pin(&stored, settings);
        let with = credentials(control, deployment, &settings).await?;
        Ok(eidetic_directory::survey(&settings.directory(), &with).await?)
    }

    /// The containers directly in another one, or in the base.
    ///
    /// # Errors
    ///
    /// If the directory does not answer.
    pub async fn containers(
        &self,
        control: &dyn ControlStore,
        deployment: &Deployment,
        directory: &str,
        parent: Option<String>,
    ) -> Result<ListedContainer, AskError> {
        let (settings, with) = self.how(control, deployment, directory).await?;
        let answer = eidetic_directory::containers(&settings.directory(), &with, parent).await?;
        self.pin(control, &settings, answer.certificate).await?;
        Ok(answer.value)
    }

    /// How and with whom a directory is asked.
    pub(super) async fn how(
        &self,
        control: &dyn ControlStore,
        deployment: &Deployment,
        directory: &str,
    ) -> Result<(DirectorySettings, Credentials), AskError> {
        let stored = StoredDirectories::load(control).await?;
        let settings = stored.named(directory).cloned();
        let settings = settings.ok_or_else(|| AskError::NoDirectory(directory.to_owned()))?;
        let with = credentials(control, deployment, &settings).await?;
        Ok((settings, with))
    }

    /// Keeps the certificate of a server that is known by what it shows first.
    pub(super) async fn answered<T>(
        &self,
        control: &dyn ControlStore,
        settings: &DirectorySettings,
        answer: Answer<T>,
    ) -> Result<T, AskError> {
        self.pin(control, settings, answer.certificate).await?;
        Ok(answer.value)
    }

    // What was said.

    /// What was said last of a container.
    pub fn snapshot(&self, container: &DirectoryContainer) -> Option<Snapshot> {
        self.snapshots_locked().get(container).cloned()
    }

    /// Where a computer was that is in no container any more.
    pub fn left(&self, computer: &ComputerFacts) -> Option<LeftContainer> {
        let snapshots = self.snapshots_locked();
        let mut left: Option<LeftContainer> = None;
        for (container, snapshot) in snapshots.iter() {
            for gone in &snapshot.gone {
                let it = Members::new([Member::from(&gone.computer)]);
                let since = Timestamp::from_unix_micros(gone.since_us);
                if it.place_of(computer).is_some()
                    && left.as_ref().is_none_or(|left| left.since < since)
                {
                    left = Some(LeftContainer {
                        directory: container.directory.clone(),
                        container: container.container.clone(),
                        since,
                    });
                }
            }
        }
        let is_in_another = || {
            let mut all = snapshots.values();
            all.any(|snapshot| snapshot.members().place_of(computer).is_some())
        };
        left.filter(|_| !is_in_another())
    }

    /// What was said last of all containers.
    pub fn members(&self) -> ContainerMembers {
        let snapshots = self.snapshots_locked();
        let members = snapshots.iter().map(|(container, snapshot)| {
            let members = Arc::new(snapshot.members());
            (container.clone(), members)
        });
        Arc::new(members.collect())
    }

    pub(super) async fn keep(
        &self,
        control: &dyn ControlStore,
        container: &DirectoryContainer,
        snapshot: Snapshot,
    ) -> Result<(), StoreError> {
        self.snapshots_locked().insert(container.clone(), snapshot);
        self.save(control).await
    }

    /// Forgets containers that are items no more. Whether there were any.
    pub(super) async fn forget_others(
        &self,
        control: &dyn ControlStore,
        containers: &[DirectoryContainer],
    ) -> Result<(), StoreError> {
        let forgotten = {
            let mut snapshots = self.snapshots_locked();
            let before = snapshots.len();
            snapshots.retain(|container, _| containers.contains(container));
            snapshots.len() < before
        };
        match forgotten {
            true => self.save(control).await,
            false => Ok(()),
        }
    }

    async fn save(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let stored: Vec<_> = {
            let snapshots = self.snapshots_locked();
            let each = snapshots.iter();
            each.map(|(container, snapshot)| Stored::new(container, snapshot))
                .collect()
        };
        let text = serde_json::to_string(&stored).map_err(|error| StoreError::Failed {
            attempt: "write computers of directories as JSON",
            source: Box::new(error),
        })?;
        control.put_setting(SNAPSHOTS, &text).await.map(drop)
    }

    // When.

    /// Has all directories asked again.
    pub fn refresh_now(&self) {
        *self.wanted_locked() = true;
        self.0.news.notify_one();
    }

    pub(super) fn take_wanted(&self) -> bool {
        std::mem::take(&mut *self.wanted_locked())
    }

    pub(super) async fn news(&self) {
        self.0.news.notified().await;
    }

    fn wanted_locked(&self) -> MutexGuard<'_, bool> {
        let wanted = self.0.wanted.lock();
        wanted.expect("nothing panics while it holds this lock")
    }

    fn snapshots_locked(&self) -> MutexGuard<'_, HashMap<DirectoryContainer, Snapshot>> {
        let snapshots = self.0.snapshots.lock();
        snapshots.expect("nothing panics while it holds this lock")
    }
}

fn with_pin(stored: &StoredDirectories, mut settings: DirectorySettings) -> DirectorySettings {
    let before = stored.named(&settings.name);
    let same = before.filter(|before| before.is_same_server(&settings));
    settings.pinned = match settings.authority {
        Some(_) => None,
        None => same.and_then(|before| before.pinned.clone()),
    };
    settings
}

async fn credentials(
    control: &dyn ControlStore,
    deployment: &Deployment,
    settings: &DirectorySettings,
) -> Result<Credentials, AskError> {
    let name = &settings.account;
    let account = deployment.account(control, name).await?;
    let account = account.ok_or_else(|| AskError::NoAccount(name.clone()))?;
    let Account { user, with } = account;
    let SignInWith::Password(password) = &with else {
        return Err(AskError::NoPassword(name.clone()));
    };
    Ok(Credentials {
        user,
        password: password.reveal().to_owned().into(),
    })
}

const SNAPSHOTS: &str = "directory_containers";
