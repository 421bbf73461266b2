//! One accepted connection, as gRPC sees it.

use std::{
    future::Future as _,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
    time::Duration,
};

use eidetic_model::AgentId;
use rustls_pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::connections::Place;

/// A connection after its TLS handshake. It breaks off when no agent was attached on it for some
/// time: whoever cannot say who he is, or has nothing to send, does not keep a place for long.
pub struct AgentStream {
    stream: TlsStream<TcpStream>,
    peer: Peer,
    time_is_up: Pin<Box<Sleep>>,
    _place: HeldPlace,
}

/// The place of a connection among those of its kind.
pub enum HeldPlace {
    /// One of this agent.
    Agent(#[expect(dead_code, reason = "held until the end")] Place<AgentId>),
    /// One of this address.
    Other(#[expect(dead_code, reason = "held until the end")] Place),
}

/// Who is at the other end.
#[derive(Clone, Debug)]
pub struct Peer {
    /// From where.
    pub address: SocketAddr,
    /// The certificate (DER) that the handshake has checked, if there was one.
    pub certificate: Option<CertificateDer<'static>>,
    usage: Arc<Mutex<Usage>>,
}

/// Whether a connection is made use of.
#[derive(Debug, Default)]
struct Usage {
    attached: usize,
    /// Since it was looked at last.
    was_attached: bool,
}

/// An agent is attached, until this is dropped. The connection stays as long.
pub struct InUse(Arc<Mutex<Usage>>);

impl Peer {
    /// The one at the other end of this connection.
    pub fn of(stream: &TlsStream<TcpStream>, address: SocketAddr) -> Self {
        let certificate = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(|chain| chain.first())
            .map(|certificate| certificate.clone().into_owned());
        Self {
            address,
            certificate,
            usage: Arc::default(),
        }
    }

    /// An agent is admitted: the connection may stay until it leaves.
    pub fn admit(&self) -> InUse {
        lock(&self.usage).attached += 1;
        InUse(Arc::clone(&self.usage))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut usage = lock(&self.0);
        usage.attached -= 1;
        usage.was_attached = true;
    }
}

impl AgentStream {
    /// Wraps a connection, which holds its place as long as it lasts.
    pub fn new(stream: TlsStream<TcpStream>, peer: Peer, place: HeldPlace) -> Self {
        Self {
            stream,
            peer,
            time_is_up: Box::pin(tokio::time::sleep(TIME_TO_ATTACH)),
            _place: place,
        }
    }

    /// Whether the connection was of no use for as long as it may be.
    fn is_forsaken(&mut self, context: &mut Context<'_>) -> bool {
        while self.time_is_up.as_mut().poll(context).is_ready() {
            let mut usage = lock(&self.peer.usage);
            let was_attached = std::mem::take(&mut usage.was_attached);
            if usage.attached == 0 && !was_attached {
                return true;
            }
            let next = Instant::now() + TIME_TO_ATTACH;
            self.time_is_up.as_mut().reset(next);
        }
        false
    }
}

fn lock(usage: &Mutex<Usage>) -> MutexGuard<'_, Usage> {
    usage
        .lock()
        .expect("nothing panics while it holds this lock")
}

impl Connected for AgentStream {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for AgentStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_forsaken(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for AgentStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

/// Enough to enrol or to attach over a slow link.
const TIME_TO_ATTACH: Duration = Duration::from_secs(30);
