//! The gRPC service, and what it runs on.

use std::{pin::Pin, sync::Arc, time::Duration};

use eidetic_runtime::ShutdownSignal;
use eidetic_wire::{
    MAX_MESSAGE_BYTES,
    proto::{self, gateway_server},
    server_link::Windows,
};
use http_body_util::Limited;
use rustls::{
    ServerConfig,
    crypto::ring,
    version::{TLS12, TLS13},
};
use tokio::{net::TcpListener, time::timeout};
use tokio_rustls::TlsAcceptor;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::task::TaskTracker;
use tonic::{
    Request, Response, Status, Streaming, body::Body, codec::CompressionEncoding, codegen::http,
    transport::Server,
};
use tower::util::MapRequestLayer;
use tracing::warn;

use super::{
    admission::admit,
    attachment::{self, Attaching},
    attachments::Attachments,
    enrolment::Enrolment,
    ingest,
    listener::{Places, incoming},
    stream::Peer,
};
use crate::{
    components::Components,
    pki::{AgentCertificateVerifier, Authority, PkiError, ServerCertificate},
};

/// Takes in what agents send.
pub struct Gateway {
    components: Components,
    authority: Arc<Authority>,
    certificate: Arc<ServerCertificate>,
    limits: Limits,
}

/// How much is taken in at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections of agents.
    pub agents: usize,
    /// What one agent may have under way.
    pub windows: Windows,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            agents: 4096,
            windows: Windows::default(),
        }
    }
}

/// The gateway cannot work.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Its certificates are not usable.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// Serving ended with an error.
    #[error("failed to serve agents")]
    Serve(#[from] tonic::transport::Error),
}

impl Gateway {
    /// A gateway that shows this certificate and knows agents by this authority.
    pub fn new(
        components: Components,
        authority: Arc<Authority>,
        certificate: Arc<ServerCertificate>,
        limits: Limits,
    ) -> Self {
        Self {
            components,
            authority,
            certificate,
            limits,
        }
    }

    /// Serves agents on this listener until shutdown begins. Returns once what had come in was
    /// stored and acknowledged.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up or the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: ShutdownSignal,
    ) -> Result<(), GatewayError> {
        // What it does not get to is taken up when its agent comes again.
        if timeout(RECOVERY_LIMIT, ingest::recover(&self.components))
            .await
            .is_err()
        {
            warn!("not all growing segments were taken up again in time");
        }
        let acceptor = self.acceptor()?;
        let places = Places::new(self.limits.agents);
        let (_accepting, incoming) = incoming(listener, acceptor, places, shutdown.clone());
        let tasks = TaskTracker::new();
        let authority = self.authority.certificate().to_vec().into();
        let calls = Calls {
            authority,
            enrolment: Enrolment::new(self.components.clone(), self.authority),
            components: self.components,
            attachments: Attachments::default(),
            windows: self.limits.windows,
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        };
        let service = gateway_server::GatewayServer::new(calls)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES)
            .accept_compressed(CompressionEncoding::Zstd)
            .send_compressed(CompressionEncoding::Zstd);
        Server::builder()
            .layer(MapRequestLayer::new(limit_body))
            .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
            .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
            .max_concurrent_streams(MAX_CALLS_PER_CONNECTION)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(STREAM_WINDOW_BYTES * 2)
            .add_service(service)
            .serve_with_incoming_shutdown(incoming, shutdown.wait())
            .await?;
        tasks.close();
        tasks.wait().await;
        Ok(())
    }

    fn acceptor(&self) -> Result<TlsAcceptor, PkiError> {
        let verifier = AgentCertificateVerifier::new(self.authority.certificate())?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(self.certificate.clone());
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// The three calls.
struct Calls {
    components: Components,
    enrolment: Enrolment,
    attachments: Attachments,
    windows: Windows,
    tasks: TaskTracker,
    shutdown: ShutdownSignal,
    /// The certificate (DER) of the authority.
    authority: Arc<[u8]>,
}

#[tonic::async_trait]
impl gateway_server::Gateway for Calls {
    type AttachStream = Pin<Box<dyn Stream<Item = Result<proto::ToAgent, Status>> + Send>>;

    async fn enrol(
        &self,
        request: Request<proto::EnrolRequest>,
    ) -> Result<Response<proto::EnrolResponse>, Status> {
        let peer = peer(&request)?;
        let response = self.enrolment.enrol(&peer, request.into_inner()).await?;
        Ok(Response::new(response))
    }

    async fn renew(
        &self,
        request: Request<proto::RenewRequest>,
    ) -> Result<Response<proto::EnrolResponse>, Status> {
        let agent = admit(&self.components, &peer(&request)?).await?;
        let response = self.enrolment.renew(agent.id, request.get_ref()).await?;
        Ok(Response::new(response))
    }

    async fn attach(
        &self,
        request: Request<Streaming<proto::FromAgent>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let peer = peer(&request)?;
        let agent = admit(&self.components, &peer).await.inspect_err(
            |refused| warn!(address = %peer.address, reason = %refused, "agent refused"),
        )?;
        let in_use = peer.admit();
        let (replies, receiver) = attachment::reply_channel();
        let attaching = Attaching {
            components: self.components.clone(),
            attachments: self.attachments.clone(),
            agent,
            address: peer.address,
            windows: self.windows,
            messages: request.into_inner(),
            replies,
            shutdown: self.shutdown.clone(),
            authority: Arc::clone(&self.authority),
        };
        self.tasks.spawn(async move {
            attaching.run().await;
            drop(in_use);
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// Enrolling and renewing are small; who enrols is not known yet and shall not fill the memory.
fn limit_body(request: http::Request<Body>) -> http::Request<Body> {
    if request.uri().path().ends_with("/Attach") {
        request
    } else {
        request.map(|body| Body::new(Limited::new(body, MAX_SMALL_CALL_BYTES)))
    }
}

fn peer<T>(request: &Request<T>) -> Result<Peer, Status> {
    let peer = request.extensions().get::<Peer>().cloned();
    peer.ok_or_else(|| Status::internal("the connection's address is not known"))
}

const MAX_SMALL_CALL_BYTES: usize = 64 << 10;
const RECOVERY_LIMIT: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_CALLS_PER_CONNECTION: u32 = 4;
const MAX_HEADER_BYTES: u32 = 16 << 10;
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
