//! A gateway on a data folder of its own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use eidetic_model::Clock;
use eidetic_runtime::{Shutdown, SystemClock, Task};
use eidetic_server::{
    components::Components,
    folder::DataFolder,
    gateway::{Gateway, GatewayError, Limits, new_ticket},
    pki::{Authority, ServerCertificate},
};
use eidetic_wire::{EnrolmentTicket, SERVER_TLS_NAME};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A gateway that serves.
pub struct TestServer {
    pub components: Components,
    pub authority: Arc<Authority>,
    pub address: SocketAddr,
    clock: Arc<dyn Clock>,
    folder: TempDir,
    shutdown: Shutdown,
    gateway: Task<Result<(), GatewayError>>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(|components| components).await
    }

    /// A server whose components are changed before it starts.
    pub async fn start_with(change: impl FnOnce(Components) -> Components) -> Self {
        Self::start_on(TempDir::new().unwrap(), Arc::new(SystemClock), change).await
    }

    /// A server with this clock. It must be right at first, or no certificate is.
    pub async fn start_by(clock: Arc<dyn Clock>) -> Self {
        Self::start_on(TempDir::new().unwrap(), clock, |components| components).await
    }

    /// Stops and starts again on the same data.
    pub async fn restart(self) -> Self {
        let clock = self.clock.clone();
        let folder = self.stop().await;
        Self::start_on(folder, clock, |components| components).await
    }

    pub async fn stop(self) -> TempDir {
        self.shutdown.begin();
        let stopped = self.gateway.finish_within(Duration::from_secs(20)).await;
        stopped.expect("stops in time").unwrap();
        self.folder
    }

    pub async fn ticket(&self) -> EnrolmentTicket {
        self.ticket_valid_for(Duration::from_secs(600)).await
    }

    pub async fn ticket_valid_for(&self, valid_for: Duration) -> EnrolmentTicket {
        let control = self.components.control.as_ref();
        let now = self.components.clock.wall();
        new_ticket(control, self.authority.certificate(), now, valid_for)
            .await
            .unwrap()
    }

    async fn start_on(
        temporary: TempDir,
        clock: Arc<dyn Clock>,
        change: impl FnOnce(Components) -> Components,
    ) -> Self {
        let folder = DataFolder::open(temporary.path()).unwrap();
        let components = change(folder.components(clock.clone()).await.unwrap());
        let authority = Arc::new(folder.authority(&*clock).unwrap());
        let now = components.clock.wall();
        let names = [SERVER_TLS_NAME.to_owned()];
        let certificate =
            ServerCertificate::own(&authority, &folder.pki(), "gateway", &names, now).unwrap();
        let gateway = Gateway::new(
            components.clone(),
            authority.clone(),
            Arc::new(certificate),
            Limits::default(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let gateway = Task::spawn("gateway", gateway.serve(listener, shutdown.signal()));
        Self {
            components,
            authority,
            address,
            clock,
            folder: temporary,
            shutdown,
            gateway,
        }
    }
}
