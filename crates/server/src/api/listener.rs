//! HTTPS: takes connections in, a bounded number, and serves HTTP/1.1 and HTTP/2 on them.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use eidetic_runtime::ShutdownSignal;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use super::auth::ClientAddress;
use crate::connections::{Connections, Place};

/// Serves `router` over TLS until `shutdown` begins; then requests that are being answered have
/// [`LEAVE_WITHIN`] to end.
pub async fn serve(
    router: Router,
    tls: &ServerConfig,
    listener: TcpListener,
    shutdown: ShutdownSignal,
) {
    let mut tls = tls.clone();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let graceful = GracefulShutdown::new();
    let connections = Connections::new(MAX_CONNECTIONS, MAX_BY_ADDRESS);
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = shutdown.wait() => break,
        };
        let Some((stream, address, place)) = accepted else {
            continue;
        };
        let acceptor = acceptor.clone();
        let router = router.clone();
        let watcher = graceful.watcher();
        tasks.spawn(async move {
            let _counted_until_the_end = place;
            if let Err(error) = connection(stream, address, acceptor, router, watcher).await {
                debug!(%address, %error, "connection failed");
            }
        });
        while tasks.try_join_next().is_some() {}
    }
    drop(listener);
    if timeout(LEAVE_WITHIN, graceful.shutdown()).await.is_err() {
        warn!("requests did not end in time and are cut off");
    }
    tasks.shutdown().await;
}

/// The next connection, once there is room for one more; `None` if it cannot be taken in.
async fn accept(
    listener: &TcpListener,
    connections: &Connections,
) -> Option<(TcpStream, IpAddr, Place)> {
    let room = connections.room().await;
    match listener.accept().await {
        Ok((stream, address)) => {
            let address = address.ip().to_canonical();
            let place = connections.place(room, address);
            if place.is_none() {
                debug!(%address, "too many connections from one address");
            }
            place.map(|place| (stream, address, place))
        }
        Err(error) => {
            // Too many open files, most likely: others have to end first.
            warn!(%error, "failed to take in a connection");
            sleep(AFTER_FAILURE).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    address: IpAddr,
    acceptor: TlsAcceptor,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let handshake = timeout(HANDSHAKE_WITHIN, acceptor.accept(stream));
    let stream = handshake.await.map_err(io::Error::from)??;
    let router = router.layer(Extension(ClientAddress(address)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES as u32);
    let service = TowerToHyperService::new(router);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    watcher.watch(connection.into_owned()).await
}

const MAX_CONNECTIONS: usize = 1024;

const MAX_BY_ADDRESS: usize = 128;

const MAX_STREAMS: u32 = 128;

const MAX_HEADER_BYTES: usize = 32 << 10;

const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Also how long a connection may be kept open between requests.
const HEADERS_WITHIN: Duration = Duration::from_secs(60);

const KEEP_ALIVE: Duration = Duration::from_secs(30);

const AFTER_FAILURE: Duration = Duration::from_millis(200);

const LEAVE_WITHIN: Duration = Duration::from_secs(5);
