//! Does the jobs, so many at a time.

use std::{path::PathBuf, sync::Arc, time::Duration};

use eidetic_deploy::{
    Account, Cancel, Data, DeployError, HostKey, Install, Installed, Observer, Packages, Reach,
    Secret, SignInWith, Step, System, Target,
};
use eidetic_model::{AgentId, Timestamp};
use eidetic_runtime::ShutdownSignal;
use eidetic_store::{StoreError, control::AgentState};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{error, info};

use super::{
    campaign,
    jobs::{Action, Job, State, StepLine, wait_after},
    plans,
};
use crate::{
    components::{Change, Components},
    gateway,
};

/// How jobs are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploySettings {
    /// The folder with the agent's packages.
    pub packages: PathBuf,
    /// The name or address by which other computers reach this server.
    pub server_host: String,
    /// The port for agents.
    pub server_port: u16,
    /// How many jobs are done at once.
    pub at_once: usize,
}

/// Does the jobs until the server leaves. Those that are under way then are begun anew when it is
/// started again.
pub async fn serve(
    components: Components,
    authority: Arc<[u8]>,
    settings: DeploySettings,
    shutdown: ShutdownSignal,
) {
    let worker = Worker {
        components,
        authority,
        settings,
    };
    tokio::select! {
        () = worker.work() => {}
        () = campaign::run(worker.components.clone()) => {}
        () = shutdown.wait() => {}
    }
    worker.save().await;
}

#[derive(Clone)]
struct Worker {
    components: Components,
    authority: Arc<[u8]>,
    settings: DeploySettings,
}

/// Why a job ended otherwise than it should.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Deploy(#[from] DeployError),
    #[error("the server's data cannot be read or written: {0}")]
    Store(#[from] StoreError),
    #[error("there is no account {0:?}: choose another, or make it again")]
    NoAccount(String),
    #[error(
        "the agent is installed and runs, but the server has not seen it within {} seconds. It is \
         told that the server is at {server}: check that this computer reaches that address and \
         port, or set `agents_address` in the server's configuration. The agent says: {said}",
        SEEN_WITHIN.as_secs()
    )]
    NotSeen { server: String, said: String },
}

impl Worker {
    async fn work(&self) {
        let mut running = JoinSet::new();
        let mut plans = self.components.plans.subscribe();
        plans.mark_changed();
        loop {
            while running.len() < self.settings.at_once
                && let Some((job, cancel)) = self.queue().begin_next(self.now())
            {
                let worker = self.clone();
                running.spawn(async move { worker.one(job, &cancel).await });
            }
            self.save().await;
            let wait = self.until_next();
            tokio::select! {
                () = self.queue().news() => {}
                Some(ended) = running.join_next() => {
                    if let Err(error) = ended {
                        error!(%error, "a deployment ended unexpectedly");
                    }
                }
                () = sleep(wait) => {}
                Ok(()) = watch::Receiver::changed(&mut plans) => {
                    if let Err(error) = plans::add_jobs(&self.components).await {
                        error!(%error, "the computers of plans were not looked at");
                    }
                }
            }
        }
    }

    /// One attempt at a job.
    async fn one(&self, job: Job, cancel: &Cancel) {
        let computer = job.order.computer.clone();
        let (tell, mut told) = mpsc::unbounded_channel();
        let observer = move |step| {
            let _nobody_listens = tell.send(step);
        };
        let done = {
            let attempt = self.attempt(&job, &observer, cancel);
            tokio::pin!(attempt);
            loop {
                tokio::select! {
                    biased;
                    Some(step) = told.recv() => self.note(&job, step).await,
                    done = &mut attempt => break done,
                }
            }
        };
        while let Ok(step) = told.try_recv() {
            self.note(&job, step).await;
        }
        let state = match done {
            Ok(agent) => {
                info!(computer, action = ?job.order.action, "deployment is done");
                self.queue().change(job.id, |job| {
                    job.agent = agent.map(AgentId::as_uuid);
                });
                State::Done
            }
            Err(Failure::Deploy(DeployError::Cancelled)) => State::Cancelled,
            Err(failure) => self.failed(&job, &failure),
        };
        self.queue().change(job.id, |job| job.state = state);
    }

    async fn attempt(
        &self,
        job: &Job,
        observer: &dyn Observer,
        cancel: &Cancel,
    ) -> Result<Option<AgentId>, Failure> {
        let control = self.components.control.as_ref();
        let order = &job.order;
        let account = self.queue().account(control, &order.account).await?;
        let account = account.ok_or_else(|| Failure::NoAccount(order.account.clone()))?;
        let target = self.target(job, account, cancel).await?;
        let packages = Packages::in_folder(&self.settings.packages);
        match order.action {
            Action::Install => self.install(job, &target, observer, cancel).await.map(Some),
            Action::Remove => {
                eidetic_deploy::remove(&target, Data::Keep, &packages, observer, cancel).await?;
                Ok(None)
            }
            Action::Purge => {
                let data = Data::Delete;
                let removed =
                    eidetic_deploy::remove(&target, data, &packages, observer, cancel).await?;
                self.mark_removed(job, &removed.computer.name).await?;
                Ok(None)
            }
        }
    }

    /// Where a job's computer is reached, and how.
    async fn target(
        &self,
        job: &Job,
        account: Account,
        cancel: &Cancel,
    ) -> Result<Target, Failure> {
        let order = &job.order;
        let system = match (order.known_system(), &account.with) {
            (Some(system), _) => system,
            // Windows takes no key here.
            (None, SignInWith::Key { .. }) => System::Linux,
            // SSH takes none.
            (None, SignInWith::ManagedServiceAccount { .. }) => System::Windows,
            (None, SignInWith::Password(_)) => {
                self.write(job, "finding out what the computer is");
                let found = eidetic_deploy::find_system(&order.computer, cancel).await?;
                self.write(
                    job,
                    match found {
                        System::Linux => "it is reached by SSH",
                        System::Windows => "it is a Windows computer",
                    },
                );
                found
            }
        };
        let port = order.port.unwrap_or(system.usual_port());
        self.queue().change(job.id, |job| {
            job.order.system = Some(system.into());
            job.order.port = Some(port);
        });
        let reach = match system {
            System::Windows => Reach::Smb,
            System::Linux => {
                let known_as = known_as(&order.computer, port);
                let control = self.components.control.as_ref();
                let host_key = self.queue().host_key_rule(control, &known_as).await?;
                Reach::Ssh { host_key }
            }
        };
        Ok(Target {
            host: order.computer.clone(),
            port,
            account,
            reach,
        })
    }

    async fn install(
        &self,
        job: &Job,
        target: &Target,
        observer: &dyn Observer,
        cancel: &Cancel,
    ) -> Result<AgentId, Failure> {
        let control = self.components.control.as_ref();
        let begun = self.now();
        let ticket = gateway::new_ticket(control, &self.authority, begun, TOKEN_FOR).await?;
        let token = ticket.secret_sha256();
        let install = Install {
            packages: Packages::in_folder(&self.settings.packages),
            server_host: self.settings.server_host.clone(),
            server_port: self.settings.server_port,
            token: Secret::new(ticket.to_text()),
        };
        self.queue().await_enrolment(token);
        let seen = async {
            let mut installed = eidetic_deploy::install(target, &install, observer, cancel).await?;
            self.write(job, "waiting until the server sees the agent");
            let seen = self.wait_for(token, &mut installed, cancel).await;
            installed.leave().await;
            seen
        };
        let seen = seen.await;
        self.queue().forget_enrolment(token);
        seen
    }

    /// Waits until the agent that came with a token is connected.
    async fn wait_for(
        &self,
        token: [u8; 32],
        installed: &mut Installed,
        cancel: &Cancel,
    ) -> Result<AgentId, Failure> {
        let mut news = self.components.news.listen();
        let connected = async {
            loop {
                let agent = self.queue().agent_of(token);
                if let Some(agent) = agent
                    && self.components.connected.connection(agent).is_some()
                {
                    return agent;
                }
                // News may be missed; nothing is lost by looking.
                let _looked_at_again = timeout(LOOK_EVERY, async {
                    while !matches!(news.recv().await, Ok(Change::Agent(_)) | Err(_)) {}
                })
                .await;
            }
        };
        let seen = tokio::select! {
            seen = timeout(SEEN_WITHIN, connected) => seen,
            () = cancel.cancelled() => return Err(DeployError::Cancelled.into()),
        };
        if let Ok(agent) = seen {
            return Ok(agent);
        }
        let said = installed.diagnose().await.map(|said| said.0);
        Err(Failure::NotSeen {
            server: format!(
                "{}:{}",
                self.settings.server_host, self.settings.server_port
            ),
            said: said
                .unwrap_or_else(|| "nothing".to_owned())
                .replace('\n', "; "),
        })
    }

    /// An agent whose identity was deleted does not come again.
    async fn mark_removed(&self, job: &Job, name: &str) -> Result<(), StoreError> {
        let control = self.components.control.as_ref();
        let brought = self.queue().jobs().into_iter().find_map(|earlier| {
            let same = earlier.order.computer == job.order.computer;
            earlier.agent.filter(|_| same)
        });
        for mut agent in control.agents().await? {
            let is_it = brought == Some(agent.id.as_uuid());
            let connected = self.components.connected.connection(agent.id).is_some();
            if is_it && !connected && agent.computer_name == name {
                agent.state = AgentState::Removed;
                let id = agent.id;
                control.put_agent(agent).await?;
                self.components.news.tell(Change::Agent(id));
            }
        }
        Ok(())
    }

    fn failed(&self, job: &Job, failure: &Failure) -> State {
        let (code, may_pass) = match failure {
            Failure::Deploy(error) => (error.code(), error.may_pass()),
            Failure::Store(_) => ("server", true),
            Failure::NoAccount(_) => ("no_account", false),
            Failure::NotSeen { .. } => ("not_seen", false),
        };
        let (code, message) = (code.to_owned(), failure.to_string());
        info!(computer = job.order.computer, code, "deployment failed");
        match wait_after(job.attempts).filter(|_| may_pass) {
            Some(wait) => State::Retrying {
                at_us: self.now().saturating_add(wait).as_unix_micros(),
                code,
                message,
            },
            None => State::Failed { code, message },
        }
    }

    async fn note(&self, job: &Job, step: Step) {
        if let Step::HostKey(key) = &step {
            self.keep_host_key(job, key.clone()).await;
        }
        if let Step::Uploading { done, total } = step {
            let percent = (done * 100).checked_div(total).unwrap_or(100);
            self.queue().change(job.id, |job| {
                let percent = u8::try_from(percent).unwrap_or(100);
                match job.steps.last_mut().filter(|line| line.text == UPLOADING) {
                    Some(line) => line.percent = Some(percent),
                    None => job.steps.push(StepLine {
                        at_us: self.now().as_unix_micros(),
                        text: UPLOADING.to_owned(),
                        percent: Some(percent),
                    }),
                }
            });
            return;
        }
        self.write(job, &in_words(&step));
    }

    async fn keep_host_key(&self, job: &Job, key: HostKey) {
        let control = self.components.control.as_ref();
        // By now it is known on which port the computer is reached.
        let order = self.queue().job(job.id).map(|job| job.order);
        let port = order.and_then(|order| order.port);
        let port = port.unwrap_or(System::Linux.usual_port());
        let known_as = known_as(&job.order.computer, port);
        let pinned = self.queue().pin_host_key(control, &known_as, key);
        if let Err(error) = pinned.await {
            error!(%error, "the key of a computer was not kept");
        }
    }

    fn write(&self, job: &Job, text: &str) {
        let at_us = self.now().as_unix_micros();
        self.queue().change(job.id, |job| {
            job.steps.push(StepLine {
                at_us,
                text: text.to_owned(),
                percent: None,
            });
        });
    }

    async fn save(&self) {
        let control = self.components.control.as_ref();
        if let Err(error) = self.queue().save(control).await {
            error!(%error, "deployments were not kept");
        }
    }

    fn until_next(&self) -> Duration {
        let due = self.queue().next_due();
        due.map_or(LONGEST_SLEEP, |due| {
            let wait = due.saturating_since(self.now());
            wait.clamp(Duration::from_millis(500), LONGEST_SLEEP)
        })
    }

    fn queue(&self) -> &super::Deployment {
        &self.components.deployment
    }

    fn now(&self) -> Timestamp {
        self.components.clock.wall()
    }
}

/// What the key of a computer is kept by.
fn known_as(computer: &str, port: u16) -> String {
    format!("{}:{port}", computer.to_lowercase())
}

fn in_words(step: &Step) -> String {
    match step {
        Step::Connecting => "connecting".to_owned(),
        Step::HostKey(key) => format!("the computer's SSH key is {key}"),
        Step::SigningIn => "signing in".to_owned(),
        Step::LookingAround => "looking at the computer".to_owned(),
        Step::Uploading { .. } => UPLOADING.to_owned(),
        Step::Installing => "installing the package".to_owned(),
        Step::HandingOver => "telling the agent its server".to_owned(),
        Step::Starting => "starting the service".to_owned(),
        Step::Removing => "removing the agent".to_owned(),
    }
}

const UPLOADING: &str = "copying the package";
/// As long as a slow computer needs to install, and no longer.
const TOKEN_FOR: Duration = Duration::from_secs(3_600);
const SEEN_WITHIN: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
