//! A gateway on a data folder of its own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

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
    folder: TempDir,
    shutdown: Shutdown,
    gateway: Task<Result<(), GatewayError>>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_on(TempDir::new().unwrap(), |components| components).await
    }

    /// A server whose components are changed before it starts.
    pub async fn start_with(change: impl FnOnce(Components) -> Components) -> Self {
        Self::start_on(TempDir::new().unwrap(), change).await
    }

    /// Stops and starts again on the same data.
    pub async fn restart(self) -> Self {
        let folder = self.stop().await;
        Self::start_on(folder, |components| components).await
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

    async fn start_on(temporary: TempDir, change: impl FnOnce(Components) -> Components) -> Self {
        let folder = DataFolder::open(temporary.path()).unwrap();
        let components = change(folder.components(Arc::new(SystemClock)).await.unwrap());
        let authority = Arc::new(folder.authority(&SystemClock).unwrap());
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
            folder: temporary,
            shutdown,
            gateway,
        }
    }
}
