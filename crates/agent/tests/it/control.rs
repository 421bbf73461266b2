//! The port at which the server calls takes the server's calls, and nobody else's.

use std::{io, net::TcpListener, sync::Arc};

use eidetic_testkit::{VirtualDisplay, eventually};
use eidetic_wire::proto::{
    ControlCall, ControlRequest, ControlState, control_client::ControlClient,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _};
use tokio::{net::TcpStream, runtime::Runtime};
use tokio_rustls::TlsConnector;
use tonic::transport::Endpoint;

use crate::{
    agent::Agent,
    gateway::{Gateway, Pair},
};

#[test]
fn the_server_stops_restarts_and_asks_an_agent_that_does_not_reach_it() {
    let mut gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let display = VirtualDisplay::start(320, 240).unwrap();
    gateway.stop();
    let port = free_port();
    agent.run_with_port(display.name(), port);
    let server = gateway.pair();
    let ask = |call| call_agent(port, Some(&server), call);
    let told = eventually("the agent knows that it does not reach its server", || {
        let told = ask(ControlCall::Status).ok()?;
        (told.connection == "down" && told.sessions_recorded == 1).then_some(told)
    });
    assert!(told.problem.contains("failed to reach"), "{told:?}");
    assert!(told.entries_waiting > 0, "{told:?}");

    assert!(ask(ControlCall::Stop).unwrap().stopped_since > 0);
    eventually("nothing is recorded", || {
        let told = ask(ControlCall::Status).ok()?;
        (told.sessions_recorded == 0).then_some(())
    });
    assert!(agent.status().contains("by an administrator"));
    let told = ask(ControlCall::Restart).unwrap();
    assert_eq!((told.stopped_since, told.sessions_recorded), (0, 1));

    // It would be a minute or so until it tries again by itself.
    gateway.start_again();
    ask(ControlCall::Collect).unwrap();
    eventually("everything is sent", || {
        let told = ask(ControlCall::Status).ok()?;
        (told.connection == "connected" && told.entries_waiting == 0).then_some(())
    });
    let records = gateway.stored().records();
    let monitoring = records
        .iter()
        .map(|(_, what)| what.as_str())
        .filter(|what| what.starts_with("Monitoring"));
    let expected = ["Monitoring start", "Monitoring end", "Monitoring start"];
    assert_eq!(monitoring.collect::<Vec<_>>(), expected);
}

#[test]
fn nobody_but_the_server_is_let_in() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let display = VirtualDisplay::start(320, 240).unwrap();
    let port = free_port();
    agent.run_with_port(display.name(), port);
    let server = gateway.pair();
    eventually("the server is let in", || {
        call_agent(port, Some(&server), ControlCall::Status).ok()
    });
    let strangers = [
        ("nobody", None),
        ("another agent", Some(gateway.pair_of_an_agent())),
        ("the console", Some(gateway.pair_of_the_console())),
        ("another server", Some(Gateway::start().pair())),
    ];
    for (who, pair) in strangers {
        let told = call_agent(port, pair.as_ref(), ControlCall::Stop);
        assert!(told.is_err(), "{who} was let in: {told:?}");
    }
    let told = call_agent(port, Some(&server), ControlCall::Status).unwrap();
    assert_eq!(told.stopped_since, 0);
}

#[test]
fn a_port_that_another_program_has_is_told_and_recording_goes_on() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let display = VirtualDisplay::start(320, 240).unwrap();
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    agent.run_with_port(display.name(), port);
    eventually("the session is recorded and sent", || {
        let begun = gateway.stored().has_record("Monitoring start");
        begun.then_some(())
    });
    let words = format!("TCP {port} cannot be opened");
    eventually("it is told", || {
        agent.status().contains(&words).then_some(())
    });
    assert!(agent.log().contains(&words), "{}", agent.log());
    drop(taken);
    eventually("it is opened once it is free", || {
        call_agent(port, Some(&gateway.pair()), ControlCall::Status).ok()
    });
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn call_agent(port: u16, pair: Option<&Pair>, call: ControlCall) -> Result<ControlState, String> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody));
    let mut config = match pair {
        None => config.with_no_client_auth(),
        Some(pair) => {
            let chain = CertificateDer::pem_slice_iter(pair.chain.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            let chain = chain.collect::<Result<_, _>>().unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let words = |error: &dyn std::fmt::Display| error.to_string();
    Runtime::new().unwrap().block_on(async {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let stream = stream.map_err(|error| words(&error))?;
        let name = ServerName::try_from("agent").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await;
        let mut once = Some(TokioIo::new(stream.map_err(|error| words(&error))?));
        let connector = tower::service_fn(move |_| {
            let stream = once.take();
            async move { stream.ok_or_else(|| io::Error::other("the connection ended")) }
        });
        let channel = Endpoint::from_static("http://agent")
            .connect_with_connector(connector)
            .await
            .map_err(|error| words(&error))?;
        let request = ControlRequest { call: call.into() };
        let answer = ControlClient::new(channel).call(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| words(&status))
    })
}

/// Who the agent is, is for the server's tests.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
