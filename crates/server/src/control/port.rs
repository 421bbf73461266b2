//! An agent's own port.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use eidetic_model::AgentId;
use eidetic_store::{StoreError, control::ControlStore};
use eidetic_wire::{
    DEFAULT_CONTROL_PORT,
    proto::{ControlCall, ControlRequest, ControlState, control_client::ControlClient},
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    server::danger::ClientCertVerifier as _,
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::Endpoint;

use crate::pki::{
    AgentCertificate, AgentCertificateVerifier, Authority, PkiError, ServerCertificate,
};

/// Calls agents at their ports.
#[derive(Clone, Debug)]
pub struct PortCaller {
    verifier: Arc<AgentCertificateVerifier>,
    certificate: Arc<ServerCertificate>,
}

/// Why an agent cannot be called at an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Nothing listens there.
    #[error("nothing listens")]
    Closed,
    /// Nothing answers.
    #[error("nothing answers: the computer is off, or a firewall keeps the call out")]
    Silent,
    /// The network failed otherwise.
    #[error("{0}")]
    Unreachable(String),
    /// What answers does not prove to be this agent.
    #[error("what answers there does not prove to be this agent ({0})")]
    SomebodyElse(String),
    /// It broke off.
    #[error("the call broke off ({0})")]
    BrokeOff(String),
}

impl PortCaller {
    /// A caller that shows this certificate and knows agents by this authority.
    ///
    /// # Errors
    ///
    /// If the authority's certificate cannot be one.
    pub fn new(
        authority: &Authority,
        certificate: Arc<ServerCertificate>,
    ) -> Result<Self, PkiError> {
        Ok(Self {
            verifier: Arc::new(AgentCertificateVerifier::new(authority.certificate())?),
            certificate,
        })
    }

    pub(super) async fn call(
        &self,
        agent: AgentId,
        address: SocketAddr,
        call: ControlCall,
    ) -> Result<ControlState, PortError> {
        let stream = self.connect(agent, address).await?;
        let mut once = Some(TokioIo::new(stream));
        let connector = tower::service_fn(move |_| {
            let stream = once.take();
            async move { stream.ok_or_else(|| io::Error::other("the connection ended")) }
        });
        let broke_off = |reason: String| PortError::BrokeOff(reason);
        let called = async {
            // The connector has connected already: of the address, only the form counts.
            let channel = Endpoint::from_static("http://eidetic-agent")
                .connect_with_connector(connector)
                .await
                .map_err(|error| error.to_string())?;
            let mut client =
                ControlClient::new(channel).max_decoding_message_size(MAX_ANSWER_BYTES);
            let request = ControlRequest { call: call.into() };
            let answer = client.call(request).await;
            answer.map_err(|status| status.message().to_owned())
        };
        match timeout(CALL_LIMIT, called).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(reason)) => Err(broke_off(reason)),
            Err(_) => Err(broke_off("no answer in time".to_owned())),
        }
    }

    async fn connect(
        &self,
        agent: AgentId,
        address: SocketAddr,
    ) -> Result<TlsStream<TcpStream>, PortError> {
        let stream = match timeout(TCP_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err(PortError::Closed);
            }
            Ok(Err(error)) => return Err(PortError::Unreachable(error.to_string())),
            Err(_) => return Err(PortError::Silent),
        };
        let config = self.config(agent);
        let config = config.map_err(|error| PortError::BrokeOff(error.to_string()))?;
        // The agent is known by its certificate, not by a name.
        let name = ServerName::from(address.ip());
        let connector = TlsConnector::from(Arc::new(config));
        match timeout(TLS_LIMIT, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(PortError::SomebodyElse(error.to_string())),
            Err(_) => Err(PortError::SomebodyElse(
                "no TLS handshake in time".to_owned(),
            )),
        }
    }

    fn config(&self, agent: AgentId) -> Result<ClientConfig, Error> {
        let verifier = OnlyThisAgent {
            agent,
            verifier: Arc::clone(&self.verifier),
        };
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(self.certificate.clone());
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

/// Keeps at which port an agent takes calls, for when it is not attached.
///
/// # Errors
///
/// If the store fails.
pub async fn note_port(
    control: &dyn ControlStore,
    agent: AgentId,
    port: Option<u16>,
) -> Result<(), StoreError> {
    let name = setting(agent);
    let said = port.unwrap_or(0).to_string();
    let known = control.setting(&name).await?;
    if known.is_none_or(|(_, known)| known != said) {
        control.put_setting(&name, &said).await?;
    }
    Ok(())
}

/// The port at which an agent takes calls; `None` if it takes none there.
pub(super) async fn port_of(
    control: &dyn ControlStore,
    agent: AgentId,
) -> Result<Option<u16>, StoreError> {
    let said = control.setting(&setting(agent)).await?;
    let port = said.map_or(Some(DEFAULT_CONTROL_PORT), |(_, said)| said.parse().ok());
    Ok(port.filter(|port| *port > 0))
}

/// The places at which an agent may be, the likeliest first.
pub(super) fn places(last: Option<&str>, known: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    let last = last.and_then(|address| {
        let of_socket = address.parse().map(|address: SocketAddr| address.ip());
        of_socket.or_else(|_| address.parse()).ok()
    });
    let mut places = Vec::new();
    for address in last.into_iter().chain(known.iter().copied()) {
        let place = SocketAddr::new(address.to_canonical(), port);
        if !places.contains(&place) && places.len() < MAX_PLACES {
            places.push(place);
        }
    }
    places
}

/// Takes the certificate of one agent. Agents have certificates for clients only: here the one who
/// listens shows it.
#[derive(Debug)]
struct OnlyThisAgent {
    agent: AgentId,
    verifier: Arc<AgentCertificateVerifier>,
}

impl ServerCertVerifier for OnlyThisAgent {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier
            .verify_client_cert(certificate, intermediates, now)?;
        match AgentCertificate::read(certificate) {
            Ok(shown) if shown.agent == self.agent => Ok(ServerCertVerified::assertion()),
            Ok(shown) => Err(Error::General(format!("it is agent {}", shown.agent))),
            Err(error) => Err(Error::General(error.to_string())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn setting(agent: AgentId) -> String {
    format!("control-port/{agent}")
}

const TCP_LIMIT: Duration = Duration::from_secs(3);
const TLS_LIMIT: Duration = Duration::from_secs(5);
const CALL_LIMIT: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 64 << 10;
const MAX_PLACES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_last_connection_is_tried_first_and_each_once() {
        let known: Vec<IpAddr> = ["192.0.2.7", "192.0.2.8", "2001:db8::1"]
            .map(|address| address.parse().unwrap())
            .into();
        let places = places(Some("[::ffff:192.0.2.8]:50123"), &known, 9003);
        let places: Vec<_> = places.iter().map(ToString::to_string).collect();
        assert_eq!(
            places,
            ["192.0.2.8:9003", "192.0.2.7:9003", "[2001:db8::1]:9003"]
        );
    }
}
