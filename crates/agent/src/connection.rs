//! The connection to the server: TCP, TLS and a gRPC channel over both.

use std::{io, sync::Arc, time::Duration};

use eidetic_wire::SERVER_TLS_NAME;
use hyper_util::rt::TokioIo;
use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use crate::server_address::ServerAddress;

/// There is no connection to the server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Nothing answers there.
    #[error(
        "failed to reach the server at {server}: {reason}; check the address, the network and that the server runs"
    )]
    Unreachable {
        /// The server.
        server: ServerAddress,
        /// What the system says.
        reason: io::Error,
    },
    /// What answers has no certificate of the authority that this agent, or its token, knows.
    #[error(
        "what answers at {server} is another server than the one that gave the token; check the address, or ask for a token of this server"
    )]
    WrongServer {
        /// The server.
        server: ServerAddress,
    },
    /// The server's certificate is right but not valid now.
    #[error(
        "the certificate of the server at {server} is not valid at this time; check the clocks of both computers"
    )]
    WrongTime {
        /// The server.
        server: ServerAddress,
    },
    /// TLS failed in another way.
    #[error("failed to secure the connection to {server}: {reason}")]
    Tls {
        /// The server.
        server: ServerAddress,
        /// What TLS says.
        reason: io::Error,
    },
    /// HTTP/2 failed.
    #[error("failed to speak with the server at {server}: {reason}")]
    Http {
        /// The server.
        server: ServerAddress,
        /// What the transport says.
        reason: tonic::transport::Error,
    },
    /// The agent's certificate or key is unusable.
    #[error("failed to use the agent's certificate: {0}")]
    Setup(rustls::Error),
}

/// Connects. The channel ends with the connection: it does not make another one by itself.
pub(crate) async fn connect(
    server: &ServerAddress,
    config: ClientConfig,
) -> Result<Channel, ConnectError> {
    let stream = within(
        TCP_LIMIT,
        TcpStream::connect((server.host(), server.port())),
    )
    .await
    .and_then(|stream| {
        stream.set_nodelay(true)?;
        Ok(stream)
    })
    .map_err(|reason| ConnectError::Unreachable {
        server: server.clone(),
        reason,
    })?;
    let name = ServerName::try_from(SERVER_TLS_NAME).expect("the constant is a host name");
    let connector = TlsConnector::from(Arc::new(config));
    let stream = within(TLS_LIMIT, connector.connect(name, stream))
        .await
        .map_err(|reason| explain(server, reason))?;
    let mut once = Some(TokioIo::new(stream));
    let connector = tower::service_fn(move |_| {
        let stream = once.take();
        async move { stream.ok_or_else(|| io::Error::other("the connection ended")) }
    });
    // The connector has connected already: of the address, only the form counts.
    Endpoint::from_static("http://eidetic-server")
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .connect_with_connector(connector)
        .await
        .map_err(|reason| ConnectError::Http {
            server: server.clone(),
            reason,
        })
}

async fn within<T>(limit: Duration, attempt: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, attempt)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")))
}

fn explain(server: &ServerAddress, reason: io::Error) -> ConnectError {
    let server = server.clone();
    let tls = reason
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => ConnectError::WrongTime { server },
        Some(rustls::Error::InvalidCertificate(_)) => ConnectError::WrongServer { server },
        _ => ConnectError::Tls { server, reason },
    }
}

const TCP_LIMIT: Duration = Duration::from_secs(10);

const TLS_LIMIT: Duration = Duration::from_secs(10);

/// How long a silent connection may stay silent before it is asked, and may take to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
