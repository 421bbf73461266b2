//! The service: how Windows starts and stops it and tells it of sessions, and how it is installed.

use std::{ffi::OsString, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Subcommand;
use eidetic_winapi::event_log::Severity;
use eidetic_wire::DEFAULT_PORT;
use tokio::sync::watch;
use tracing::{error, info};
use windows_service::{
    define_windows_service,
    service::{
        Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceControl,
        ServiceControlAccept, ServiceErrorControl, ServiceExitCode, ServiceFailureActions,
        ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState, ServiceStatus,
        ServiceType,
    },
    service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle},
    service_dispatcher,
    service_manager::{ServiceManager, ServiceManagerAccess},
};

use super::{Config, SessionSource, default_state_folder, firewall, log};
use crate::{
    cli::{control_port, runtime, settings},
    service,
    state_folder::StateFolder,
};

/// What is done with the service.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Installs this program as a service, which starts with the computer, and starts it.
    Install,
    /// Stops the service and removes it. What it has recorded stays where it is.
    Uninstall,
    /// Sets up what the installer's package cannot: recovery, the log and the firewall.
    #[command(hide = true)]
    Configure {
        /// The server's TCP port.
        #[arg(long, default_value_t = DEFAULT_PORT)]
        server_port: u16,
    },
    /// Takes that back.
    #[command(hide = true)]
    Deconfigure {
        /// Stops the service before, and waits until it has stopped.
        #[arg(long)]
        stop: bool,
    },
    /// Runs as the service: started by Windows.
    #[command(hide = true)]
    Run,
    /// Runs as the service by which a server installs or removes the agent: started by it.
    #[command(hide = true)]
    Deploy,
}

impl ServiceCommand {
    /// Does it.
    pub(crate) fn run(self) -> ExitCode {
        let done = match self {
            Self::Install => install(),
            Self::Uninstall => uninstall(),
            Self::Configure { server_port } => configure(server_port),
            Self::Deconfigure { stop } => {
                let stopped = if stop { stop_if_it_runs() } else { Ok(()) };
                deconfigure();
                stopped
            }
            Self::Run => service_dispatcher::start(NAME, service_entry)
                .context("the service is started by Windows, not by hand: sc start EideticAgent"),
            Self::Deploy => super::deployment::run(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                crate::cli::complain(&error);
                ExitCode::FAILURE
            }
        }
    }
}

define_windows_service!(service_entry, service_main);

fn service_main(_arguments: Vec<OsString>) {
    match serve() {
        Ok(()) => log::tell_windows(Severity::Information, "The agent has stopped."),
        Err(error) => {
            error!("the service failed: {error:#}");
            log::tell_windows(Severity::Error, &format!("The agent failed: {error:#}"));
        }
    }
}

fn serve() -> anyhow::Result<()> {
    let config = Config::read()?;
    let control_port = control_port(&config);
    let metrics_file = config.metrics_file;
    let state_folder = config.state_folder.unwrap_or_else(default_state_folder);
    let folder = StateFolder::open(&state_folder)?;
    log::init(folder.path())?;
    let sessions = SessionSource::all()?;
    let notices = sessions.notices();
    let (stop, mut asked) = watch::channel(false);
    let handle = move |control| match control {
        ServiceControl::Stop | ServiceControl::Preshutdown => {
            stop.send_replace(true);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::SessionChange(change) => {
            let number = change.notification.session_id;
            notices.told_the_service(change.reason.to_raw(), number);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let status = service_control_handler::register(NAME, handle)
        .context("failed to take the controls of the service")?;
    tell(&status, ServiceState::Running, 0)?;
    info!(
        version = env!("CARGO_PKG_VERSION"),
        "the service has started"
    );
    log::tell_windows(Severity::Information, STARTED);
    let leaving = status;
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let asked_to_leave = async move {
            // Once Windows can ask no more, it is over too.
            let _asked = asked.wait_for(|asked| *asked).await;
            tell(&leaving, ServiceState::StopPending, 0)
        };
        service::run(
            settings(folder, sessions, control_port, metrics_file)?,
            asked_to_leave,
        )
        .await
    });
    // A name service that hangs is not waited for.
    runtime.shutdown_background();
    let code = u32::from(result.is_err());
    tell(&status, ServiceState::Stopped, code)?;
    result
}

/// Tells Windows how the service is.
fn tell(handle: &ServiceStatusHandle, state: ServiceState, code: u32) -> anyhow::Result<()> {
    let is_running = state == ServiceState::Running;
    handle
        .set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: if is_running {
                ServiceControlAccept::STOP
                    | ServiceControlAccept::PRESHUTDOWN
                    | ServiceControlAccept::SESSION_CHANGE
            } else {
                ServiceControlAccept::empty()
            },
            exit_code: match code {
                0 => ServiceExitCode::NO_ERROR,
                code => ServiceExitCode::ServiceSpecific(code),
            },
            checkpoint: 0,
            wait_hint: if state == ServiceState::StopPending {
                STOP_LIMIT
            } else {
                Duration::ZERO
            },
            process_id: None,
        })
        .context("failed to tell Windows how the service is")
}

fn install() -> anyhow::Result<()> {
    let manager = ServiceManager::local_computer(
        None::<&str>,
        ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE,
    )
    .context(NEEDS_RIGHTS)?;
    let info = ServiceInfo {
        name: OsString::from(NAME),
        display_name: OsString::from(DISPLAY_NAME),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: super::own_program()?,
        launch_arguments: vec!["service".into(), "run".into()],
        dependencies: Vec::new(),
        account_name: None,
        account_password: None,
    };
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::START | ServiceAccess::CHANGE_CONFIG;
    let service = manager
        .create_service(&info, access)
        .context("failed to install the service")?;
    service
        .set_description(DESCRIPTION)
        .context("failed to describe the service")?;
    log::register_source()?;
    restart_after_failure(&service).context("failed to say what follows a failure")?;
    service
        .start::<&str>(&[])
        .context("the service is installed, but does not start")
}

/// Has Windows start the service again, ever later, if it dies.
fn restart_after_failure(service: &Service) -> windows_service::Result<()> {
    let restart = |after_secs| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: Duration::from_secs(after_secs),
    };
    service.update_failure_actions(ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(24 * 60 * 60)),
        reboot_msg: None,
        command: None,
        actions: Some(vec![restart(1), restart(10), restart(60)]),
    })?;
    match service.set_failure_actions_on_non_crash_failures(true) {
        // Wine does not know of it.
        Err(windows_service::Error::Winapi(error))
            if error.raw_os_error() == Some(ERROR_INVALID_LEVEL) =>
        {
            Ok(())
        }
        done => done,
    }
}

fn configure(server_port: u16) -> anyhow::Result<()> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)
        .context(NEEDS_RIGHTS)?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::START | ServiceAccess::CHANGE_CONFIG;
    let service = manager
        .open_service(NAME, access)
        .context("the service is not installed")?;
    restart_after_failure(&service).context("failed to say what follows a failure")?;
    log::register_source()?;
    if let Err(error) = firewall::allow(&super::own_program()?, server_port) {
        // Windows' firewall may be off, or another one there: the agent is installed all the same.
        crate::cli::complain(&error.context("the firewall is as it was"));
    }
    Ok(())
}

fn deconfigure() {
    firewall::forget();
    log::forget_source();
}

fn uninstall() -> anyhow::Result<()> {
    let service = open(ServiceAccess::DELETE)?;
    stop(&service)?;
    deconfigure();
    service.delete().context("failed to remove the service")
}

fn stop_if_it_runs() -> anyhow::Result<()> {
    stop(&open(ServiceAccess::empty())?)
}

/// Opens the service so that it can be stopped, and for this.
fn open(access: ServiceAccess) -> anyhow::Result<Service> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)
        .context(NEEDS_RIGHTS)?;
    manager
        .open_service(
            NAME,
            ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | access,
        )
        .context("the service is not installed, or may not be removed by this account")
}

fn stop(service: &Service) -> anyhow::Result<()> {
    if service.query_status()?.current_state != ServiceState::Stopped {
        service.stop().context("failed to stop the service")?;
        wait_until_stopped(service)?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "Windows is asked how far a service is; it does not tell"
)]
pub(super) fn wait_until_stopped(service: &Service) -> anyhow::Result<()> {
    for _ in 0..STOP_LIMIT.as_millis() / ASK_EVERY.as_millis() {
        if service.query_status()?.current_state == ServiceState::Stopped {
            return Ok(());
        }
        std::thread::sleep(ASK_EVERY);
    }
    anyhow::bail!("the service does not stop: end eidetic-agent.exe, then try again")
}

const ASK_EVERY: Duration = Duration::from_millis(100);

const ERROR_INVALID_LEVEL: i32 = 124;

pub(crate) const NAME: &str = "EideticAgent";

const DISPLAY_NAME: &str = "Eidetic Agent";

const DESCRIPTION: &str =
    "Records what the users of this computer do, and sends it to the Eidetic server.";

const STARTED: &str = concat!("The agent ", env!("CARGO_PKG_VERSION"), " has started.");

const NEEDS_RIGHTS: &str = "an administrator's rights are needed: start the command prompt as one";

/// How long stopping takes at most: see `service::run`.
const STOP_LIMIT: Duration = Duration::from_secs(20);
