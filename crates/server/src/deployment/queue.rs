//! What is shared between those who ask for jobs and the one who does them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use eidetic_deploy::{Account, Cancel, HostKey, HostKeyRule};
use eidetic_model::{AgentId, Timestamp};
use eidetic_search::fold;
use eidetic_store::{StoreError, control::ControlStore};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    accounts::{Accounts, StoredAccount},
    campaign::Campaigns,
    host_keys::HostKeys,
    jobs::{Job, Kept, Order, State},
    vault::Vault,
};

/// Accounts, known computers and jobs. Cheap to clone.
#[derive(Clone)]
pub struct Deployment(Arc<Shared>);

struct Shared {
    vault: Vault,
    /// Of two changes of one setting at once, the second is made to what the first left.
    changes: tokio::sync::Mutex<()>,
    jobs: Mutex<VecDeque<Job>>,
    /// Which agents came with which tokens, as far as somebody waits for them.
    enrolled: Mutex<HashMap<[u8; 32], Option<AgentId>>>,
    news: Notify,
    campaigns: Campaigns,
}

/// Why a job was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Another job for the computer is not over yet.
    #[error("{0} is being worked on already: wait for that job, or cancel it")]
    Busy(String),
    /// There are too many jobs.
    #[error("{MAX_WAITING} jobs are waiting, which is the most")]
    TooMany,
}

impl Deployment {
    /// Nothing to do yet; secrets of accounts are sealed by this vault.
    pub fn new(vault: Vault) -> Self {
        Self(Arc::new(Shared {
            vault,
            changes: tokio::sync::Mutex::default(),
            jobs: Mutex::default(),
            enrolled: Mutex::default(),
            news: Notify::new(),
            campaigns: Campaigns::default(),
        }))
    }

    /// What is done on many computers in stages.
    pub fn campaigns(&self) -> &Campaigns {
        &self.0.campaigns
    }

    /// Takes up the jobs that were kept.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn load(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        self.0.campaigns.load(control).await?;
        let Some((_, text)) = control.setting(JOBS).await? else {
            return Ok(());
        };
        let kept: Vec<Kept> = serde_json::from_str(&text).map_err(|error| StoreError::Damaged {
            what: "deployments".to_owned(),
            reason: error.to_string(),
        })?;
        *self.jobs_locked() = kept.into_iter().map(Job::from).collect();
        Ok(())
    }

    // Accounts.

    /// All accounts, by name.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn accounts(
        &self,
        control: &dyn ControlStore,
    ) -> Result<Vec<StoredAccount>, StoreError> {
        Ok(Accounts::load(control).await?.list())
    }

    /// Keeps an account, in place of one of that name.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn put_account(
        &self,
        control: &dyn ControlStore,
        name: &str,
        account: &Account,
    ) -> Result<(), StoreError> {
        let _alone = self.0.changes.lock().await;
        let mut accounts = Accounts::load(control).await?;
        accounts.put(&self.0.vault, name, account)?;
        accounts.save(control).await
    }

    /// Forgets an account. Whether there was one.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn remove_account(
        &self,
        control: &dyn ControlStore,
        name: &str,
    ) -> Result<bool, StoreError> {
        let _alone = self.0.changes.lock().await;
        let mut accounts = Accounts::load(control).await?;
        let was_there = accounts.remove(name);
        if was_there {
            accounts.save(control).await?;
        }
        Ok(was_there)
    }

    /// An account with its secrets.
    pub(crate) async fn account(
        &self,
        control: &dyn ControlStore,
        name: &str,
    ) -> Result<Option<Account>, StoreError> {
        let accounts = Accounts::load(control).await?;
        accounts.open(&self.0.vault, name).transpose()
    }

    // Known computers.

    /// The keys of all computers that were spoken with, by `host:port`.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn host_keys(
        &self,
        control: &dyn ControlStore,
    ) -> Result<Vec<(String, HostKey)>, StoreError> {
        Ok(HostKeys::load(control).await?.list())
    }

    /// Forgets the key of a computer: the next one that it shows is kept. Whether there was one.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn forget_host_key(
        &self,
        control: &dyn ControlStore,
        computer: &str,
    ) -> Result<bool, StoreError> {
        let _alone = self.0.changes.lock().await;
        let mut keys = HostKeys::load(control).await?;
        let was_there = keys.forget(computer);
        if was_there {
            keys.save(control).await?;
        }
        Ok(was_there)
    }

    pub(super) async fn host_key_rule(
        &self,
        control: &dyn ControlStore,
        computer: &str,
    ) -> Result<HostKeyRule, StoreError> {
        Ok(HostKeys::load(control).await?.rule(computer))
    }

    pub(super) async fn pin_host_key(
        &self,
        control: &dyn ControlStore,
        computer: &str,
        key: HostKey,
    ) -> Result<(), StoreError> {
        let _alone = self.0.changes.lock().await;
        let mut keys = HostKeys::load(control).await?;
        if keys.pin(computer, key) {
            keys.save(control).await?;
        }
        Ok(())
    }

    // Jobs.

    /// Takes a job.
    ///
    /// # Errors
    ///
    /// If another one for this computer is not over, or there are too many.
    pub fn add(&self, id: Uuid, order: Order, now: Timestamp) -> Result<Job, QueueError> {
        let mut jobs = self.jobs_locked();
        let waiting = jobs.iter().filter(|job| !job.is_over());
        let computer = fold(&order.computer);
        let mut count = 0;
        for job in waiting {
            let same_port = match (job.order.port, order.port) {
                (Some(one), Some(other)) => one == other,
                (None, _) | (_, None) => true,
            };
            if fold(&job.order.computer) == computer && same_port {
                return Err(QueueError::Busy(order.computer));
            }
            count += 1;
        }
        if count >= MAX_WAITING {
            return Err(QueueError::TooMany);
        }
        let job = Job::new(id, order, now);
        jobs.push_back(job.clone());
        while jobs.len() > MAX_KEPT {
            let Some(oldest) = jobs.iter().position(Job::is_over) else {
                break;
            };
            jobs.remove(oldest);
        }
        drop(jobs);
        self.0.news.notify_one();
        Ok(job)
    }

    /// All jobs, the latest first.
    pub fn jobs(&self) -> Vec<Job> {
        self.jobs_locked().iter().rev().cloned().collect()
    }

    /// One job.
    pub fn job(&self, id: Uuid) -> Option<Job> {
        self.jobs_locked().iter().find(|job| job.id == id).cloned()
    }

    /// Ends a job early. What is half done is brought to its end first. `None` if there is no such
    /// job.
    pub fn cancel(&self, id: Uuid) -> Option<Job> {
        self.change(id, |job| {
            job.cancel.cancel();
            if job.due().is_some() {
                job.state = State::Cancelled;
            }
        });
        self.0.news.notify_one();
        self.job(id)
    }

    pub(super) fn change(&self, id: Uuid, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs_locked().iter_mut().find(|job| job.id == id) {
            change(job);
        }
    }

    /// Begins the next job that is due, if there is one.
    pub(super) fn begin_next(&self, now: Timestamp) -> Option<(Job, Cancel)> {
        let mut jobs = self.jobs_locked();
        let job = jobs
            .iter_mut()
            .find(|job| job.due().is_some_and(|due| due <= now))?;
        job.state = State::Running;
        job.attempts += 1;
        job.steps.clear();
        Some((job.clone(), job.cancel.clone()))
    }

    /// When a job is due that is not yet.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.jobs_locked().iter().filter_map(Job::due).min()
    }

    pub(super) async fn save(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let _alone = self.0.changes.lock().await;
        let kept: Vec<_> = self.jobs_locked().iter().map(Job::kept).collect();
        let text = serde_json::to_string(&kept).map_err(|error| StoreError::Failed {
            attempt: "write deployments as JSON",
            source: Box::new(error),
        })?;
        control.put_setting(JOBS, &text).await.map(drop)
    }

    pub(super) async fn news(&self) {
        self.0.news.notified().await;
    }

    // Agents that are waited for.

    pub(super) fn await_enrolment(&self, token_sha256: [u8; 32]) {
        self.enrolled_locked().insert(token_sha256, None);
    }

    pub(super) fn forget_enrolment(&self, token_sha256: [u8; 32]) {
        self.enrolled_locked().remove(&token_sha256);
    }

    pub(super) fn agent_of(&self, token_sha256: [u8; 32]) -> Option<AgentId> {
        self.enrolled_locked().get(&token_sha256).copied().flatten()
    }

    /// An agent enrolled with a token.
    pub fn note_enrolment(&self, token_sha256: [u8; 32], agent: AgentId) {
        if let Some(waiting) = self.enrolled_locked().get_mut(&token_sha256) {
            *waiting = Some(agent);
        }
    }

    fn jobs_locked(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.0
            .jobs
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    fn enrolled_locked(&self) -> MutexGuard<'_, HashMap<[u8; 32], Option<AgentId>>> {
        self.0
            .enrolled
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Far more than a plan has items.
const MAX_WAITING: usize = 2_000;
/// So many are remembered, the ones that are over included.
const MAX_KEPT: usize = 2_500;
const JOBS: &str = "deployments";

#[cfg(test)]
mod tests {
    use eidetic_store::control::SqliteControl;

    use super::*;
    use crate::deployment::jobs::Action;

    fn order(computer: &str) -> Order {
        Order {
            computer: computer.into(),
            system: None,
            port: Some(22),
            account: "office".into(),
            action: Action::Install,
            asked_by: "anna".into(),
        }
    }

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    #[test]
    fn one_job_at_a_time_is_taken_for_a_computer() {
        let queue = Deployment::new(Vault::new([1; 32]));
        queue.add(id(1), order("web-1"), at(0)).unwrap();
        let refused = queue.add(id(2), order("WEB-1"), at(0)).unwrap_err();
        assert_eq!(refused, QueueError::Busy("WEB-1".into()));
        assert_eq!(queue.cancel(id(1)).unwrap().state, State::Cancelled);
        assert!(queue.begin_next(at(1)).is_none());
        queue.add(id(2), order("WEB-1"), at(0)).unwrap();
    }

    #[tokio::test]
    async fn what_was_under_way_when_the_server_stopped_is_begun_anew() {
        let control = SqliteControl::in_memory().unwrap();
        let queue = Deployment::new(Vault::new([1; 32]));
        for number in 1..=3 {
            let computer = format!("web-{number}");
            queue.add(id(number), order(&computer), at(0)).unwrap();
        }
        assert_eq!(queue.begin_next(at(1)).unwrap().0.id, id(1));
        assert_eq!(queue.begin_next(at(1)).unwrap().0.id, id(2));
        let later = State::Retrying {
            at_us: at(60).as_unix_micros(),
            code: "unreachable".into(),
            message: "nothing answers".into(),
        };
        queue.change(id(2), |job| job.state = later.clone());
        queue.change(id(3), |job| job.state = State::Done);
        queue.save(&control).await.unwrap();

        let queue = Deployment::new(Vault::new([1; 32]));
        queue.load(&control).await.unwrap();
        let (job, _) = queue.begin_next(at(1)).unwrap();
        assert_eq!((job.id, job.attempts), (id(1), 2));
        assert!(queue.begin_next(at(1)).is_none());
        assert_eq!(queue.next_due(), Some(at(60)));
        assert_eq!(queue.begin_next(at(60)).unwrap().0.id, id(2));
    }
}
