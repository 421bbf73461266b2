//! The listener: TLS, and clients that misbehave.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use eidetic_server::api;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::support::Server;

struct Listening {
    server: Server,
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Listening {
    async fn start() -> Self {
        let server = Server::start().await;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(api::serve(server.state.clone(), Arc::new(tls), listener));
        Self {
            server,
            address,
            certificate,
            serving,
        }
    }

    async fn connect(&self, protocol: &[u8]) -> tokio_rustls::client::TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.unwrap()
    }

    async fn health(&self) -> String {
        let mut stream = self.connect(b"http/1.1").await;
        stream
            .write_all(
                b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            )
            .await
            .unwrap();
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        let _cut_or_closed = read.expect("the answer comes in time");
        String::from_utf8(answer).unwrap()
    }
}

#[tokio::test]
async fn it_answers_over_tls_also_beside_clients_that_send_garbage_or_nothing() {
    let listening = Listening::start().await;
    let _silent = TcpStream::connect(listening.address).await.unwrap();
    let mut garbage = TcpStream::connect(listening.address).await.unwrap();
    garbage.write_all(&[0x16; 2000]).await.unwrap();
    let mut plain = TcpStream::connect(listening.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut inside = listening.connect(b"http/1.1").await;
    inside.write_all(&[0xFF; 5000]).await.unwrap();

    let answer = listening.health().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""status":"ok""#), "{answer}");
}

#[tokio::test]
async fn browsers_can_speak_http_2() {
    let listening = Listening::start().await;
    let stream = listening.connect(b"h2").await;
    let (_, connection) = stream.get_ref();
    assert_eq!(connection.alpn_protocol(), Some(b"h2".as_slice()));
}

#[tokio::test]
async fn it_leaves_when_told_although_clients_stay_connected() {
    let listening = Listening::start().await;
    let _idle = listening.connect(b"http/1.1").await;
    listening.health().await;
    listening.server.shutdown.begin();
    let left = timeout(Duration::from_secs(20), listening.serving).await;
    left.expect("it leaves in time").unwrap().unwrap();
    TcpStream::connect(listening.address).await.unwrap_err();
}
