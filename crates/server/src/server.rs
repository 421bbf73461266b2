//! A whole server: opened, serving, and stopped in order.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use eidetic_model::Clock;
use eidetic_runtime::{Shutdown, ShutdownSignal, Task};
use eidetic_wire::SERVER_TLS_NAME;
use rustls::{ServerConfig, crypto::ring};
use tokio::{net::TcpListener, time::interval};
use tracing::{error, info};

use crate::{
    api::{self, ApiState, MetricsToken},
    components::Components,
    config::{Config, ConsoleCertificate},
    control::PortCaller,
    deployment::{self, DeploySettings},
    directory,
    folder::{DataFolder, Endpoints, RunLock},
    gateway::{Gateway, Limits},
    health::{Watch, WatchParts},
    mail::Daily,
    pki::{Authority, ServerCertificate},
    retention,
};

/// A server that serves agents and browsers.
#[must_use = "dropping it ends it at once"]
pub struct Server {
    folder: DataFolder,
    components: Components,
    agents: SocketAddr,
    console: SocketAddr,
    authority: Arc<Authority>,
    shutdown: Shutdown,
    gateway: Task<anyhow::Result<()>>,
    api: Task<anyhow::Result<()>>,
    _renewal: Task<()>,
    _retention: Task<()>,
    _mail: Task<()>,
    health: Task<()>,
    deployment: Task<()>,
    _directories: Task<()>,
    _lock: RunLock,
}

impl Server {
    /// Opens the data folder and starts to serve.
    ///
    /// # Errors
    ///
    /// If the folder is not usable or in use, or an address cannot be listened on.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let folder = DataFolder::open(&config.data_folder)?;
        let lock = folder.lock()?;
        let authority = Arc::new(folder.authority(clock.as_ref())?);
        let certificates = Certificates::open(config, &folder, &authority, clock.as_ref())?;
        let components = folder.components(clock).await?;
        let agents = listen("agents_listen", config.agents_listen).await?;
        let console = listen("console_listen", config.console_listen).await?;
        let (agents_address, console_address) = (agents.local_addr()?, console.local_addr()?);
        let shutdown = Shutdown::new();
        let gateway = Gateway::new(
            components.clone(),
            authority.clone(),
            certificates.gateway.clone(),
            Limits::default(),
        );
        let state = ApiState::new(
            components.clone(),
            authority.certificate(),
            shutdown.signal(),
        )
        .with_metrics(metrics_token(config)?)
        .with_packages(&config.packages)
        .with_calls(PortCaller::new(&authority, certificates.gateway.clone())?);
        let deploy_settings = DeploySettings {
            packages: config.packages.clone(),
            server_host: config.agents_host.clone(),
            server_port: config.agents_port.unwrap_or_else(|| agents_address.port()),
            at_once: config.deployments_at_once,
        };
        let server = Self {
            gateway: Task::spawn("gateway", {
                let signal = shutdown.signal();
                async move { Ok(gateway.serve(agents, signal).await?) }
            }),
            api: Task::spawn("api", {
                let tls = certificates.console_tls()?;
                async move { Ok(api::serve(state, tls, console).await?) }
            }),
            health: certificates
                .watch_health(&components, &config.data_folder)
                .start(shutdown.signal()),
            deployment: Task::spawn(
                "deployment",
                deployment::serve(
                    components.clone(),
                    authority.certificate().to_vec().into(),
                    deploy_settings,
                    shutdown.signal(),
                ),
            ),
            _directories: Task::spawn(
                "directories",
                directory::serve(components.clone(), shutdown.signal()),
            ),
            _renewal: certificates.renew_daily(
                authority.clone(),
                components.clock.clone(),
                shutdown.signal(),
            ),
            _mail: Daily::new(components.clone()).start(shutdown.signal()),
            _retention: retention::start(components.clone(), shutdown.signal()),
            folder,
            components,
            agents: agents_address,
            console: console_address,
            authority,
            shutdown,
            _lock: lock,
        };
        info!(agents = %agents_address, console = %console_address, "server started");
        Ok(server)
    }

    /// Tells scripts where it can be reached, by `run/endpoints.json` in the data folder.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn publish(&self) -> anyhow::Result<()> {
        Ok(self.folder.publish(&self.endpoints())?)
    }

    /// What the parts of this server share.
    pub const fn components(&self) -> &Components {
        &self.components
    }

    /// The authority whose certificate agents must find.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Where agents connect to.
    pub const fn agents(&self) -> SocketAddr {
        self.agents
    }

    /// Where browsers connect to.
    pub const fn console(&self) -> SocketAddr {
        self.console
    }

    /// Where it can be reached from this computer.
    pub fn endpoints(&self) -> Endpoints {
        Endpoints {
            agents: reachable(self.agents).to_string(),
            console: format!("https://{}", reachable(self.console)),
        }
    }

    /// Returns when a part of the server ended by itself, which it should not.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn failed(&mut self) -> anyhow::Error {
        let (part, result) = tokio::select! {
            result = self.gateway.join() => ("gateway", result),
            result = self.api.join() => ("console and API", result),
        };
        let ended = match result {
            Ok(Ok(())) => anyhow::anyhow!("it ended by itself"),
            Ok(Err(error)) => error,
            Err(error) => error.into(),
        };
        ended.context(format!("the {part} stopped"))
    }

    /// Stops in three steps: takes nothing in any more, stores and acknowledges what had come in,
    /// leaves. What is not done by the deadline is given up.
    pub async fn stop(self) {
        self.shutdown.begin();
        let (gateway, api, _) = tokio::join!(
            self.gateway.finish_within(STOP_LIMIT),
            self.api.finish_within(STOP_LIMIT),
            self.deployment.finish_within(STOP_LIMIT),
        );
        for (part, result) in [("gateway", gateway), ("api", api)] {
            if let Some(Err(error)) = result {
                error!(part, error = format!("{error:#}"), "stopped with an error");
            }
        }
        if self.health.finish_within(STOP_LIMIT).await.is_none() {
            error!("the watch over the system's health did not stop in time");
        }
        self.folder.unpublish();
        info!("server stopped");
    }
}

/// The certificates that the server shows.
struct Certificates {
    gateway: Arc<ServerCertificate>,
    console: Arc<ServerCertificate>,
}

impl Certificates {
    fn open(
        config: &Config,
        folder: &DataFolder,
        authority: &Authority,
        clock: &dyn Clock,
    ) -> anyhow::Result<Self> {
        let now = clock.wall();
        let mut gateway_names = vec![SERVER_TLS_NAME.to_owned()];
        gateway_names.extend_from_slice(&config.host_names);
        let pki = folder.pki();
        let gateway = ServerCertificate::own(authority, &pki, "gateway", &gateway_names, now)?;
        let console = match &config.console_certificate {
            ConsoleCertificate::Own => {
                ServerCertificate::own(authority, &pki, "console", &config.host_names, now)?
            }
            ConsoleCertificate::Operators(files) => {
                ServerCertificate::operators(&files.chain, &files.key)?
            }
        };
        Ok(Self {
            gateway: Arc::new(gateway),
            console: Arc::new(console),
        })
    }

    fn console_tls(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.console.clone());
        Ok(Arc::new(config))
    }

    fn watch_health(&self, components: &Components, data_folder: &Path) -> Watch {
        let shown = [
            ("console", self.console.clone()),
            ("gateway", self.gateway.clone()),
        ];
        Watch::new(WatchParts {
            components: components.clone(),
            data_folder: data_folder.to_owned(),
            certificates: Box::new(move || {
                let until = |(which, certificate): &(_, Arc<ServerCertificate>)| {
                    Some((*which, certificate.expires()?))
                };
                shown.iter().filter_map(until).collect()
            }),
        })
    }

    /// Keeps a server that runs for years from showing a certificate that has expired.
    fn renew_daily(
        self,
        authority: Arc<Authority>,
        clock: Arc<dyn Clock>,
        shutdown: ShutdownSignal,
    ) -> Task<()> {
        Task::spawn("certificates", async move {
            let mut daily = interval(DAY);
            loop {
                tokio::select! {
                    _ = daily.tick() => {}
                    () = shutdown.wait() => return,
                }
                for certificate in [&self.gateway, &self.console] {
                    if let Err(error) = certificate.renew(&authority, clock.wall()) {
                        let error = anyhow::Error::from(error);
                        error!(error = format!("{error:#}"), "certificate was not renewed");
                    }
                }
            }
        })
    }
}

/// The token with which metrics can be read, if the operator wants them.
fn metrics_token(config: &Config) -> anyhow::Result<Option<MetricsToken>> {
    let Some(path) = &config.metrics_token_file else {
        return Ok(None);
    };
    let token = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the token for metrics {}", path.display()))?;
    anyhow::ensure!(
        token.trim().len() >= 16,
        "the token for metrics in {} is shorter than 16 characters; make one with `openssl rand -hex 32`",
        path.display()
    );
    Ok(Some(MetricsToken::new(&token)))
}

async fn listen(option: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("failed to listen on {address} ({option})"))
}

/// The address of this computer at which a listener is reached that may listen on all of them.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

const STOP_LIMIT: Duration = Duration::from_secs(15);
const DAY: Duration = Duration::from_secs(86_400);
