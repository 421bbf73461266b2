//! Accepts connections and makes the TLS handshake, each within its time.

use std::{io, net::SocketAddr, time::Duration};

use eidetic_model::AgentId;
use eidetic_runtime::{ShutdownSignal, Task};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tracing::{debug, warn};

use super::stream::{AgentStream, HeldPlace, Peer};
use crate::{connections::Connections, pki::AgentCertificate};

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
    of_agents: Connections<AgentId>,
    others: Connections,
}

impl Places {
    /// Room for so many connections of agents.
    pub fn new(of_agents: usize) -> Self {
        Self {
            handshakes: Connections::new(MAX_HANDSHAKES, MAX_HANDSHAKES_BY_ADDRESS),
            of_agents: Connections::new(of_agents, MAX_BY_AGENT),
            others: Connections::new(MAX_OTHERS, MAX_OTHERS_BY_ADDRESS),
        }
    }

    /// Room for one more of this peer. Who shows an agent's certificate is counted as that agent,
    /// everybody else by his address.
    fn place(&self, peer: &Peer) -> Option<HeldPlace> {
        let certificate = peer.certificate.as_ref();
        let agent = certificate.and_then(|certificate| AgentCertificate::read(certificate).ok());
        match agent {
            Some(certificate) => {
                let place = self.of_agents.place_now(certificate.agent);
                place.map(HeldPlace::Agent)
            }
            None => {
                let place = self.others.place_now(peer.address.ip());
                place.map(HeldPlace::Other)
            }
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
    let peer = Peer::of(&stream, address);
    let place = places.place(&peer);
    if place.is_none() {
        warn!(%address, "too many connections, one was dropped");
    }
    place.map(|place| AgentStream::new(stream, peer, place))
}

const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
const AFTER_ERROR: Duration = Duration::from_millis(100);
const MAX_HANDSHAKES: usize = 256;
/// So that one computer that says nothing does not keep the others out.
const MAX_HANDSHAKES_BY_ADDRESS: usize = 64;
/// One that works, and some that broke and are not known to have.
const MAX_BY_AGENT: usize = 4;
const MAX_OTHERS: usize = 256;
/// So that one computer without a certificate does not keep the others from enrolling.
const MAX_OTHERS_BY_ADDRESS: usize = 32;
