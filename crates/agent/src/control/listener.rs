//! The port at which the server calls.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use eidetic_wire::proto::{
    ControlRequest, ControlState,
    control_server::{Control, ControlServer},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tonic::{Request, Response, Status};
use tracing::{debug, info, warn};

use super::{Calls, tls::server_config};
use crate::{
    identity::Identity,
    secrets::Secrets,
    service::{ControlPort, Event},
    state_folder::StateFolder,
};

/// What the listener works with.
pub(crate) struct ListenerParts {
    /// The port; 0: none.
    pub(crate) port: u16,
    /// The agent's folder, with its identity.
    pub(crate) folder: StateFolder,
    /// The agent's keys.
    pub(crate) secrets: Arc<dyn Secrets>,
    /// Carries calls out.
    pub(crate) calls: Calls,
    /// Where the service hears of it.
    pub(crate) events: mpsc::Sender<Event>,
}

/// Takes calls for as long as the service runs. That the port cannot be opened is told, and tried
/// again: nothing else depends on it.
pub(crate) async fn run(parts: ListenerParts) {
    if parts.port == 0 {
        return parts.tell(ControlPort::Off).await;
    }
    let mut told = None;
    loop {
        // Before that, there is no certificate to show and no authority to ask.
        if parts.identity().await.is_some() {
            match bind(parts.port).await {
                Ok(listener) => {
                    info!(port = parts.port, "calls of the server are taken");
                    parts.tell(ControlPort::Listening(parts.port)).await;
                    parts.accept(&listener).await;
                }
                Err(error) => {
                    let reason = format!("TCP {} cannot be opened: {error}", parts.port);
                    if told.as_ref() != Some(&reason) {
                        warn!(
                            reason,
                            "calls of the server are not taken; recording goes on"
                        );
                        parts.tell(ControlPort::Closed(reason.clone())).await;
                        told = Some(reason);
                    }
                }
            }
        }
        sleep(TRY_AGAIN).await;
    }
}

impl ListenerParts {
    async fn tell(&self, port: ControlPort) {
        let _service_is_leaving = self.events.send(Event::ControlPort(port)).await;
    }

    /// Read anew for each connection: certificates are renewed, and computers enrolled anew.
    async fn identity(&self) -> Option<Identity> {
        let (path, secrets) = (self.folder.identity(), Arc::clone(&self.secrets));
        let read = spawn_blocking(move || Identity::read(&path, &*secrets)).await;
        read.ok()?.ok()?
    }

    async fn accept(&self, listener: &TcpListener) -> std::convert::Infallible {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            // Full: who comes waits in the system's queue, which is short.
            let place = Arc::clone(&places).acquire_owned().await;
            let place = place.expect("nobody closes the semaphore");
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, address)) => {
                    let identity = self.identity().await;
                    let calls = self.calls.clone();
                    connections.spawn(async move {
                        let Some(identity) = identity else { return };
                        let served = serve(stream, &identity, calls);
                        match timeout(CONNECTION_LIMIT, served).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => debug!(%address, error, "call was not taken"),
                            Err(_) => debug!(%address, "call took too long"),
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    debug!(%error, "connection was not accepted");
                    sleep(AFTER_ERROR).await;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, identity: &Identity, calls: Calls) -> Result<(), String> {
    let config = server_config(identity).map_err(|error| error.to_string())?;
    let handshake = TlsAcceptor::from(Arc::new(config)).accept(stream);
    let stream = match timeout(HANDSHAKE_LIMIT, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("no TLS handshake in time".to_owned()),
    };
    let service = ControlServer::new(Called(calls))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_ANSWER_BYTES);
    let mut builder = auto::Builder::new(TokioExecutor::new()).http2_only();
    builder
        .http2()
        .max_concurrent_streams(2)
        .max_header_list_size(8 << 10);
    let service = TowerToHyperService::new(service);
    let served = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
    served.map_err(|error| error.to_string())
}

/// All addresses of this computer, those of IPv6 too where it has them.
async fn bind(port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))).await {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
            TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).await
        }
        bound => bound,
    }
}

struct Called(Calls);

#[tonic::async_trait]
impl Control for Called {
    async fn call(
        &self,
        request: Request<ControlRequest>,
    ) -> Result<Response<ControlState>, Status> {
        let state = self.0.carry_out(request.get_ref().call).await;
        Ok(Response::new(state))
    }
}

/// There is one who may call.
const MAX_CONNECTIONS: usize = 8;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
const CONNECTION_LIMIT: Duration = Duration::from_secs(30);
const MAX_MESSAGE_BYTES: usize = 1 << 10;
const MAX_ANSWER_BYTES: usize = 64 << 10;
const TRY_AGAIN: Duration = Duration::from_secs(5);
const AFTER_ERROR: Duration = Duration::from_millis(100);
