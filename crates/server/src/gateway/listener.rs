//! Accepts connections and makes the TLS handshake, each within its time.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use eidetic_runtime::{ShutdownSignal, Task};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tracing::{debug, warn};

use super::stream::AgentStream;
use crate::connections::Connections;

/// Connections that are ready for gRPC. The task that accepts them ends with its handle.
pub fn incoming(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    places: Places,
    shutdown: ShutdownSignal,
) -> (Task<()>, ReceiverStream<io::Result<AgentStream>>) {
    // Full: handshakes wait, and with them the accepting.
    let (sender, receiver) = mpsc::channel(16);
    let accepting = async move {
        tokio::select! {
            () = accept(&listener, &acceptor, &places, &sender) => {}
            () = shutdown.wait() => {}
        }
    };
    let task = Task::spawn("gateway listener", accepting);
    (task, ReceiverStream::new(receiver))
}

/// How many connections there may be.
#[derive(Clone, Debug)]
pub struct Places {
    handshakes: Connections,
    with_certificate: Arc<Semaphore>,
    without: Arc<Semaphore>,
}

impl Places {
    /// Room for so many connections with a certificate.
    pub fn new(with_certificate: usize) -> Self {
        Self {
            handshakes: Connections::new(MAX_HANDSHAKES, MAX_HANDSHAKES_BY_ADDRESS),
            with_certificate: Arc::new(Semaphore::new(with_certificate)),
            without: Arc::new(Semaphore::new(MAX_WITHOUT_CERTIFICATE)),
        }
    }
}

async fn accept(
    listener: &TcpListener,
    acceptor: &TlsAcceptor,
    places: &Places,
    ready: &mpsc::Sender<io::Result<AgentStream>>,
) {
    loop {
        let room = places.handshakes.room().await;
        match listener.accept().await {
            Ok((stream, address)) => {
                let Some(place) = places.handshakes.place(room, address.ip()) else {
                    debug!(%address, "too many handshakes from one address");
                    continue;
                };
                let handshake = handshake(stream, address, acceptor.clone(), places.clone());
                let ready = ready.clone();
                tokio::spawn(async move {
                    let stream = handshake.await;
                    drop(place);
                    if let Some(stream) = stream {
                        let _gateway_ended = ready.send(Ok(stream)).await;
                    }
                });
            }
            Err(error) => {
                // Such as too many open files: others end, then it goes on.
                warn!(%error, "connection was not accepted");
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    }
}

async fn handshake(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    places: Places,
) -> Option<AgentStream> {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%address, %error, "connection broke at once");
        return None;
    }
    let stream = match timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            debug!(%address, %error, "TLS handshake failed");
            return None;
        }
        Err(_) => {
            debug!(%address, "no TLS handshake in time");
            return None;
        }
    };
    let certain = stream.get_ref().1.peer_certificates().is_some();
    let places = if certain {
        places.with_certificate
    } else {
        places.without
    };
    match places.try_acquire_owned() {
        Ok(place) => Some(AgentStream::new(stream, address, place)),
        Err(_) => {
            warn!(%address, with_certificate = certain, "too many connections, one was dropped");
            None
        }
    }
}

const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
const AFTER_ERROR: Duration = Duration::from_millis(100);
const MAX_HANDSHAKES: usize = 256;
/// So that one computer that says nothing does not keep the others out.
const MAX_HANDSHAKES_BY_ADDRESS: usize = 64;
const MAX_WITHOUT_CERTIFICATE: usize = 64;
