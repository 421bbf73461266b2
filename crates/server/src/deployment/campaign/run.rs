//! Lets campaigns happen.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use eidetic_model::AgentId;
use eidetic_store::{
    StoreError,
    control::{AgentState, ControlStore},
};
use tokio::{sync::Notify, time::sleep};
use tracing::{error, info};
use uuid::Uuid;

use super::stages::{Act, Campaign, JobSeen, Member, Seen, State, Work};
use crate::{
    components::{Change, Components},
    deployment::jobs::{Action, Order, State as JobState},
};

/// All campaigns. Cheap to clone.
#[derive(Clone, Default)]
pub struct Campaigns(Arc<Shared>);

#[derive(Default)]
struct Shared {
    campaigns: Mutex<Vec<Campaign>>,
    /// Of two at once, the second is kept last.
    saving: tokio::sync::Mutex<()>,
    news: Notify,
}

impl Campaigns {
    /// Takes up those that were kept.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn load(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let Some((_, text)) = control.setting(SETTING).await? else {
            return Ok(());
        };
        let kept = serde_json::from_str(&text).map_err(|error| StoreError::Damaged {
            what: "campaigns".to_owned(),
            reason: error.to_string(),
        })?;
        *self.locked() = kept;
        Ok(())
    }

    /// All of them, the latest first.
    pub fn all(&self) -> Vec<Campaign> {
        self.locked().iter().rev().cloned().collect()
    }

    /// One of them.
    pub fn one(&self, id: Uuid) -> Option<Campaign> {
        let campaigns = self.locked();
        campaigns.iter().find(|known| known.id == id).cloned()
    }

    /// Begins one. Whether there was no other that is open.
    ///
    /// # Errors
    ///
    /// If it cannot be kept.
    pub async fn begin(
        &self,
        control: &dyn ControlStore,
        campaign: Campaign,
    ) -> Result<bool, StoreError> {
        {
            let mut campaigns = self.locked();
            if campaigns.iter().any(Campaign::is_open) {
                return Ok(false);
            }
            campaigns.push(campaign);
            while campaigns.len() > MAX_KEPT {
                campaigns.remove(0);
            }
        }
        self.save(control).await?;
        self.0.news.notify_one();
        Ok(true)
    }

    /// Changes one. `None` if there is no such.
    ///
    /// # Errors
    ///
    /// If it cannot be kept.
    pub async fn change<T>(
        &self,
        control: &dyn ControlStore,
        id: Uuid,
        change: impl FnOnce(&mut Campaign) -> T,
    ) -> Result<Option<T>, StoreError> {
        let changed = {
            let mut campaigns = self.locked();
            campaigns
                .iter_mut()
                .find(|known| known.id == id)
                .map(change)
        };
        self.save(control).await?;
        self.0.news.notify_one();
        Ok(changed)
    }

    async fn save(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let _alone = self.0.saving.lock().await;
        let text = serde_json::to_string(&*self.locked());
        let text = text.map_err(|error| StoreError::Failed {
            attempt: "write campaigns as JSON",
            source: Box::new(error),
        })?;
        control.put_setting(SETTING, &text).await.map(drop)
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Campaign>> {
        self.0
            .campaigns
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Lets campaigns happen for as long as the server runs.
pub async fn run(components: Components) {
    let campaigns = components.deployment.campaigns().clone();
    loop {
        let open: Vec<_> = campaigns
            .all()
            .into_iter()
            .filter(Campaign::is_open)
            .map(|campaign| campaign.id)
            .collect();
        let is_idle = open.is_empty();
        for id in open {
            if let Err(error) = step(&components, &campaigns, id).await {
                error!(%error, campaign = %id, "a campaign does not go on now");
            }
        }
        tokio::select! {
            () = campaigns.0.news.notified() => {}
            () = sleep(LOOK_EVERY), if !is_idle => {}
        }
    }
}

async fn step(components: &Components, campaigns: &Campaigns, id: Uuid) -> Result<(), StoreError> {
    let control = components.control.as_ref();
    let agents = control.agents().await?;
    let now = components.clock.wall();
    let look = |member: &Member, job: Uuid| {
        let agent = AgentId::from_uuid(member.agent);
        let is_connected = components.connected.connection(agent).is_some();
        let mut known = agents.iter().filter(|known| known.id == agent);
        Seen {
            job: seen(components, job),
            connected: known
                .next()
                .filter(|_| is_connected)
                .map(|agent| agent.agent_version.clone()),
        }
    };
    let before = campaigns.one(id);
    let acts = {
        let mut all = campaigns.locked();
        let campaign = all.iter_mut().find(|known| known.id == id);
        campaign.map(|campaign| campaign.step(now, look))
    };
    for act in acts.into_iter().flatten() {
        carry_out(components, campaigns, id, act).await?;
    }
    let after = campaigns.one(id);
    if before != after {
        campaigns.save(control).await?;
        if let (Some(before), Some(after)) = (before, after)
            && before.state != after.state
        {
            match &after.state {
                State::Stopped { why } => info!(campaign = %id, why, "the campaign stopped"),
                state => info!(campaign = %id, ?state, "the campaign is over"),
            }
        }
    }
    Ok(())
}

/// Does what a campaign wants done.
pub(super) async fn carry_out(
    components: &Components,
    campaigns: &Campaigns,
    id: Uuid,
    act: Act,
) -> Result<(), StoreError> {
    match act {
        Act::Ask(place) => {
            let Some(campaign) = campaigns.one(id) else {
                return Ok(());
            };
            let now = components.clock.wall();
            let order = order(&campaign, &campaign.members[place]);
            let job = components.ids.new_id(now);
            let added = components.deployment.add(job, order, now);
            let asked = added
                .map(|job| job.id)
                .map_err(|refused| refused.to_string());
            let mut all = campaigns.locked();
            if let Some(campaign) = all.iter_mut().find(|known| known.id == id) {
                campaign.asked(place, asked);
            }
        }
        Act::TakeBack(job) => {
            components.deployment.cancel(job);
        }
        Act::MarkRemoved(place) => {
            let Some(campaign) = campaigns.one(id) else {
                return Ok(());
            };
            let agent = AgentId::from_uuid(campaign.members[place].agent);
            let control = components.control.as_ref();
            if let Some(mut agent) = control.agent(agent).await? {
                agent.state = AgentState::Removed;
                let id = agent.id;
                control.put_agent(agent).await?;
                components.news.tell(Change::Agent(id));
            }
        }
    }
    Ok(())
}

fn order(campaign: &Campaign, member: &Member) -> Order {
    Order {
        computer: member.host.clone(),
        system: Some(member.system),
        port: Some(member.port),
        account: member.account.clone(),
        action: match campaign.work {
            Work::Upgrade { .. } => Action::Install,
            Work::Remove => Action::Remove,
            Work::Purge => Action::Purge,
        },
        asked_by: format!("{}, in stages", campaign.asked_by),
    }
}

fn seen(components: &Components, job: Uuid) -> JobSeen {
    let Some(job) = components.deployment.job(job) else {
        return JobSeen::Gone;
    };
    match job.state {
        JobState::Waiting if job.attempts == 0 => JobSeen::Waiting,
        JobState::Waiting | JobState::Running => JobSeen::Begun(None),
        JobState::Retrying { message, .. } => JobSeen::Begun(Some(message)),
        JobState::Done => JobSeen::Done,
        JobState::Failed { message, .. } => JobSeen::Failed(message),
        JobState::Cancelled => JobSeen::Failed("its job was cancelled".to_owned()),
    }
}

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many are remembered, the ones that are over included.
const MAX_KEPT: usize = 50;
const SETTING: &str = "campaigns";
