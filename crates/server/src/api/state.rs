//! What the handlers share.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use eidetic_runtime::ShutdownSignal;
use tokio::sync::Semaphore;

use super::{
    auth::{password::PasswordWorkers, throttle::Throttle},
    metrics::MetricsToken,
    thumbnails::Thumbnails,
    viewing_log::ViewingLog,
};
use crate::{
    components::Components,
    control::{Caller, PortCaller},
};

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    pub(super) components: Components,
    /// The certificate (DER) of the authority that enrolling agents must find.
    pub(super) authority_certificate: Arc<[u8]>,
    pub(super) shutdown: ShutdownSignal,
    pub(super) passwords: PasswordWorkers,
    pub(super) throttle: Arc<Mutex<Throttle>>,
    pub(super) viewing_log: Arc<ViewingLog>,
    pub(super) live_streams: Arc<Semaphore>,
    pub(super) thumbnails: Arc<Thumbnails>,
    pub(super) metrics_token: Option<MetricsToken>,
    pub(super) network_checks: Arc<Semaphore>,
    pub(super) caller: Caller,
    /// The folder with the agent's packages.
    pub(super) packages: Arc<Path>,
}

impl ApiState {
    /// The state of a server with these components, whose agents trust the authority with this
    /// certificate (DER). Live streams end when `shutdown` begins.
    pub fn new(
        components: Components,
        authority_certificate: &[u8],
        shutdown: ShutdownSignal,
    ) -> Self {
        let viewing_log = ViewingLog::new(
            Arc::clone(&components.control),
            Arc::clone(&components.clock),
        );
        Self {
            components,
            authority_certificate: authority_certificate.into(),
            shutdown,
            passwords: PasswordWorkers::new(PASSWORDS_AT_ONCE),
            throttle: Arc::default(),
            viewing_log: Arc::new(viewing_log),
            live_streams: Arc::new(Semaphore::new(MAX_LIVE_STREAMS)),
            thumbnails: Arc::default(),
            metrics_token: None,
            caller: Caller::new(None),
            packages: Path::new("packages").into(),
            network_checks: Arc::new(Semaphore::new(NETWORK_CHECKS_AT_ONCE)),
        }
    }

    /// The same, with metrics for whoever shows this token.
    #[must_use]
    pub fn with_metrics(mut self, token: Option<MetricsToken>) -> Self {
        self.metrics_token = token;
        self
    }

    /// The same, with the agent's packages in this folder.
    #[must_use]
    pub fn with_packages(mut self, folder: &Path) -> Self {
        self.packages = folder.into();
        self
    }

    /// The same, with calls to the ports of agents.
    #[must_use]
    pub fn with_calls(mut self, port: PortCaller) -> Self {
        self.caller = Caller::new(Some(port));
        self
    }
}

/// Each takes a core and 19 MiB while it works.
const PASSWORDS_AT_ONCE: usize = 2;

/// Each has five threads for some seconds.
const NETWORK_CHECKS_AT_ONCE: usize = 4;

const MAX_LIVE_STREAMS: usize = 256;
