//! Windows computers, by SMB and the service manager.
//!
//! Signed in, signed and encrypted ([`session`]), the agent's package and the program out of it are
//! copied into a folder of our own under `ADMIN$` ([`stage`]). The program is made a service for
//! once ([`service_manager`], over [`pipe`] in the form of [`ndr`]); it has Windows Installer
//! install or remove the package and says what came of it in a file beside it, which is read back
//! ([`report`]). Then service and folder are removed again, whatever happened.
//!
//! The enrolment token goes with the start of the service, over the encrypted session: it is in no
//! file, no registry and on no command line.

mod explain;
mod ndr;
mod package;
mod pipe;
mod report;
mod service_manager;
mod session;
mod stage;
mod wire;

use std::{path::Path, time::Duration};

use tokio::time::{Instant, sleep};

use self::{
    package::{MsiPackage, PROGRAM},
    pipe::CallError,
    report::Report,
    service_manager::{ManagerError, Service, ServiceManager},
    session::Session,
    stage::Stage,
};
use crate::{
    Cancel, Computer, Data, DeployError, Diagnosis, Install, Observer, Package, Refusal, Step,
    Target, connection::within, install::or_cancelled,
};

/// A computer on which something was done, and what was left there for more.
pub(crate) struct Visit {
    session: Session,
    stage: Stage,
    manager: ServiceManager,
    service: Service,
    name: String,
}

/// Installs the agent.
pub(crate) async fn install(
    target: &Target,
    install: &Install,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<(Computer, Package, Visit), DeployError> {
    let package = install.packages.find_for_windows()?;
    let msi = read(package.path()).await?;
    let mut visit = Visit::begin(target, &msi, true, observer, cancel).await?;
    let port = install.server_port.to_string();
    let order = [
        "install",
        &install.server_host,
        &port,
        &msi.product_code,
        install.token.reveal(),
    ];
    // From here on it goes to its end: a package that is half installed helps nobody.
    let done = visit.have_done(&order, observer).await;
    match done {
        Ok(report) => Ok((report.computer(), package, visit)),
        Err(error) => {
            visit.end().await;
            Err(error)
        }
    }
}

/// Removes the agent.
pub(crate) async fn remove(
    target: &Target,
    install: &crate::Packages,
    data: Data,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Computer, DeployError> {
    let package = install.find_for_windows()?;
    let msi = read(package.path()).await?;
    let mut visit = Visit::begin(target, &msi, false, observer, cancel).await?;
    let data = match data {
        Data::Keep => "keep",
        Data::Delete => "delete",
    };
    let done = visit.have_done(&["remove", data], observer).await;
    visit.end().await;
    done.map(|report| report.computer())
}

impl Visit {
    /// Copies what is needed, and makes the service.
    async fn begin(
        target: &Target,
        msi: &MsiPackage,
        with_package: bool,
        observer: &dyn Observer,
        cancel: &Cancel,
    ) -> Result<Self, DeployError> {
        let mut session = or_cancelled(cancel, Session::open(target, observer)).await?;
        observer.at(Step::LookingAround);
        // Nobody can know it before, or take it for a name of his own.
        let name = format!("EideticDeploy-{}", random()?);
        let mut files = vec![(PROGRAM, &msi.program[..])];
        let mut needed = msi.program.len() as u64;
        if with_package {
            files.push((PACKAGE, &msi.bytes[..]));
            // The copies, what is installed, and what Windows Installer keeps of it.
            needed = 2 * needed + 2 * msi.bytes.len() as u64 + OWN_ROOM;
        }
        let making = Stage::make(&mut session, name.clone(), needed);
        let mut stage = or_cancelled(cancel, making).await?;
        if let Err(error) = or_cancelled(cancel, stage.fill(&files, observer)).await {
            stage.remove(&[]).await;
            return Err(error);
        }
        let made = or_cancelled(cancel, make_service(&mut session, &stage, &name)).await;
        match made {
            Ok((manager, service)) => Ok(Self {
                session,
                stage,
                manager,
                service,
                name,
            }),
            Err(error) => {
                stage.remove(&[]).await;
                Err(error)
            }
        }
    }

    /// Starts the service with an order, and waits for its end.
    async fn have_done(
        &mut self,
        order: &[&str],
        observer: &dyn Observer,
    ) -> Result<Report, DeployError> {
        // What an order before left.
        let cleared = self.stage.delete(report::FILE).await;
        cleared.map_err(|error| session::lost(&error))?;
        let attempt = "starting the installation";
        let started = within(attempt, LIMIT, self.manager.start(&self.service, order));
        started
            .await?
            .map_err(|error| refused(&self.session, attempt, error))?;
        let give_up = Instant::now() + INSTALL_LIMIT;
        let mut told = 0;
        loop {
            let asking = within(ATTEMPT, LIMIT, self.manager.has_stopped(&self.service));
            let has_stopped = asking
                .await?
                .map_err(|error| refused(&self.session, ATTEMPT, error))?;
            // After that question: what it says last it says before it stops.
            let said = self.stage.read(report::FILE).await?;
            let report = Report::read(&said.unwrap_or_default());
            for step in report.steps().skip(told) {
                observer.at(step);
                told += 1;
            }
            if has_stopped || report.is_over() {
                return report.outcome();
            }
            if Instant::now() > give_up {
                return Err(DeployError::TooLong {
                    attempt: ATTEMPT,
                    limit_secs: INSTALL_LIMIT.as_secs(),
                });
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Asks the agent that was installed how it is.
    pub(crate) async fn diagnose(&mut self) -> Option<Diagnosis> {
        // A service that has said its last word runs for a moment longer.
        for _ in 0..STOP_LOOKS {
            match self.manager.has_stopped(&self.service).await {
                Ok(true) => break,
                Ok(false) => sleep(LOOK_EVERY).await,
                Err(_) => return None,
            }
        }
        let report = self.have_done(&["status"], &|_: Step| {}).await.ok()?;
        Some(Diagnosis(report.said().to_owned()))
    }

    /// Leaves nothing behind.
    pub(crate) async fn end(self) {
        let Self {
            stage,
            mut manager,
            service,
            name,
            ..
        } = self;
        let deleted = within("tidying up", LIMIT, manager.delete(service)).await;
        if !matches!(deleted, Ok(Ok(()))) {
            tracing::warn!(service = name, "a service stays on the computer");
        }
        manager.close().await;
        stage.remove(report::LEFT).await;
    }
}

async fn make_service(
    session: &mut Session,
    stage: &Stage,
    name: &str,
) -> Result<(ServiceManager, Service), DeployError> {
    let attempt = "opening the service manager";
    let ipc = session.share("IPC$").await?;
    let opening = ServiceManager::open(&session.connection, &ipc);
    let opened = within(attempt, LIMIT, opening).await?;
    let mut manager = opened.map_err(|error| refused(session, attempt, error))?;
    let attempt = "making a service";
    let command = format!(r#""{}\{PROGRAM}" service deploy"#, stage.path());
    let making = manager.create(name, "Eidetic Agent Deployment", &command);
    let made = within(attempt, LIMIT, making).await?;
    match made {
        Ok(service) => Ok((manager, service)),
        Err(error) => {
            manager.close().await;
            Err(refused(session, attempt, error))
        }
    }
}

/// Packages are large, and their unpacking takes a moment.
async fn read(path: &Path) -> Result<MsiPackage, DeployError> {
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || MsiPackage::read(&owned)).await;
    read.unwrap_or_else(|error| {
        Err(DeployError::PackageUnreadable {
            path: path.to_owned(),
            source: std::io::Error::other(error),
        })
    })
}

fn random() -> Result<String, DeployError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| DeployError::NotCopied(error.to_string()))?;
    Ok(hex::encode(bytes))
}

fn refused(session: &Session, attempt: &'static str, error: ManagerError) -> DeployError {
    let code = match error {
        ManagerError::Windows(code) | ManagerError::Call(CallError::Fault(code)) => code,
        ManagerError::Call(CallError::Smb(error)) => match explain::status(&error) {
            Some(explain::ACCESS_DENIED) => explain::WINDOWS_ACCESS_DENIED,
            Some(explain::NOT_FOUND | 0xC000_00AC | 0xC000_00AE) => {
                return DeployError::ServiceManager {
                    attempt,
                    reason: "it does not answer: restart the computer, and see that File and \
                             Printer Sharing is on"
                        .to_owned(),
                };
            }
            Some(_) | None => return session::lost(&error),
        },
        ManagerError::Call(error @ CallError::Answer(_)) => {
            return DeployError::ServiceManager {
                attempt,
                reason: error.to_string(),
            };
        }
    };
    match (attempt, code) {
        // Who may not even open it is no administrator in its eyes.
        ("opening the service manager", explain::WINDOWS_ACCESS_DENIED) => {
            session.no_administrator()
        }
        (_, code) => DeployError::ServiceManager {
            attempt,
            reason: format!("{} (Windows error {code})", explain::service_manager(code)),
        },
    }
}

impl Refusal {
    /// What Windows takes for no administrator.
    pub(crate) const NO_ADMINISTRATOR: &'static str = "it is no administrator there, or Windows takes the rights away from accounts of the \
         computer itself that come over the network. Use an account of the domain that is in the \
         group Administrators, or the account Administrator itself, or set \
         HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\\
         LocalAccountTokenFilterPolicy (DWORD) to 1 there";
}

const PACKAGE: &str = "eidetic-agent.msi";

const ATTEMPT: &str = "installing the package";

const OWN_ROOM: u64 = 64 << 20;

const LIMIT: Duration = Duration::from_secs(90);

/// Other installations that are under way, and old disks, are waited for.
const INSTALL_LIMIT: Duration = Duration::from_secs(15 * 60);

const LOOK_EVERY: Duration = Duration::from_millis(500);

const STOP_LOOKS: u32 = 20;
