//! An agent that does what the test says.

use std::{net::SocketAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eidetic_model::{AgentId, ComputerFacts, Entry, RecordSequence, SegmentEnd, SpoolId};
use eidetic_wire::{
    ProtocolVersion, SERVER_TLS_NAME,
    convert::{Hello, SegmentChunk, to_proto},
    proto::{self, from_agent, gateway_client::GatewayClient, to_agent},
};
use rcgen::{CertificateParams, KeyPair};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Status, Streaming,
    codec::CompressionEncoding,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};
use uuid::Uuid;

pub use from_agent::Message as Say;
pub use to_agent::Message as Said;

pub const SPOOL: SpoolId = SpoolId::from_uuid(Uuid::from_u128(0x5001));

/// An agent with a certificate.
#[derive(Clone)]
pub struct TestAgent {
    pub id: AgentId,
    pub server: SocketAddr,
    pub authority: Vec<u8>,
    /// Empty for none.
    pub certificate: Vec<u8>,
    pub key: String,
}

/// An agent's stream, after Welcome.
pub struct Attached {
    pub welcome: proto::Welcome,
    messages: mpsc::Sender<proto::FromAgent>,
    pub replies: Streaming<proto::ToAgent>,
}

impl TestAgent {
    pub async fn enrol(server: SocketAddr, authority: &[u8], token: &str) -> Result<Self, Status> {
        Self::enrol_speaking(server, authority, token, 1).await
    }

    pub async fn enrol_speaking(
        server: SocketAddr,
        authority: &[u8],
        token: &str,
        protocol: u32,
    ) -> Result<Self, Status> {
        let client = client(server, authority, None).await?;
        Self::enrol_with(client, server, token, protocol).await
    }

    /// Enrols again, showing the certificate that it has.
    pub async fn enrolled_again(&self, token: &str) -> Result<Self, Status> {
        Self::enrol_with(self.client().await?, self.server, token, 1).await
    }

    async fn enrol_with(
        mut client: GatewayClient<Channel>,
        server: SocketAddr,
        token: &str,
        protocol: u32,
    ) -> Result<Self, Status> {
        let (key, request) = key_and_request();
        let version = ProtocolVersion(protocol);
        let response = client
            .enrol(proto::EnrolRequest {
                protocol: Some(to_proto::protocol_range(version, version)),
                token: token.to_owned(),
                certificate_request: request.into(),
                computer_name: "host".into(),
                agent_version: "0.1.0".into(),
                operating_system: "Debian".into(),
            })
            .await?
            .into_inner();
        Ok(Self {
            id: AgentId::from_slice(&response.agent_id).unwrap(),
            server,
            authority: response.authority.to_vec(),
            certificate: response.certificate.to_vec(),
            key,
        })
    }

    pub async fn client(&self) -> Result<GatewayClient<Channel>, Status> {
        let identity = (!self.certificate.is_empty())
            .then(|| Identity::from_pem(pem("CERTIFICATE", &self.certificate), &self.key));
        client(self.server, &self.authority, identity).await
    }

    /// Asks for a new certificate; the agent goes on with it.
    pub async fn renewed(&self) -> Result<Self, Status> {
        let (key, request) = key_and_request();
        let certificate_request = request.into();
        let renewal = proto::RenewRequest {
            certificate_request,
        };
        let response = self.client().await?.renew(renewal).await?.into_inner();
        Ok(Self {
            certificate: response.certificate.to_vec(),
            key,
            ..self.clone()
        })
    }

    /// Attaches and hears Welcome.
    pub async fn attach(&self) -> Attached {
        self.attach_as(&hello(ProtocolVersion(1))).await
    }

    /// Attaches saying this, and hears Welcome.
    pub async fn attach_as(&self, hello: &Hello) -> Attached {
        let (messages, mut replies) = self.open().await.unwrap();
        let hello = Say::Hello(to_proto::hello(hello));
        messages.send(message(hello)).await.unwrap();
        let first = hear(&mut replies).await.unwrap();
        let Some(Said::Welcome(welcome)) = first else {
            panic!("no welcome, but {first:?}");
        };
        Attached {
            welcome,
            messages,
            replies,
        }
    }

    /// Attaches, says one thing, and hears one.
    pub async fn attach_saying(&self, say: Say) -> Result<Option<Said>, Status> {
        let (messages, mut replies) = self.open().await?;
        messages.send(message(say)).await.unwrap();
        hear(&mut replies).await
    }

    async fn open(
        &self,
    ) -> Result<(mpsc::Sender<proto::FromAgent>, Streaming<proto::ToAgent>), Status> {
        let (messages, receiver) = mpsc::channel(64);
        let mut client = self.client().await?;
        let replies = client.attach(ReceiverStream::new(receiver)).await?;
        Ok((messages, replies.into_inner()))
    }
}

impl Attached {
    pub async fn say(&self, say: Say) {
        self.messages.send(message(say)).await.unwrap();
    }

    pub async fn say_entries(&self, first: u64, entries: &[Entry]) {
        let entries = to_proto::entries(RecordSequence(first), entries);
        self.say(Say::Entries(entries)).await;
    }

    pub async fn say_bytes(&self, chunk: &SegmentChunk) {
        self.say(Say::SegmentBytes(to_proto::segment_bytes(chunk)))
            .await;
    }

    pub async fn say_end(&self, end: &SegmentEnd) {
        self.say(Say::SegmentEnd(to_proto::segment_end(end))).await;
    }

    /// What the server says next; `None` when it has ended the stream.
    pub async fn hear(&mut self) -> Option<Said> {
        hear(&mut self.replies).await.ok().flatten()
    }

    pub async fn stored_through(&mut self) -> u64 {
        match self.hear().await {
            Some(Said::EntriesStored(stored)) => stored.through_sequence,
            other => panic!("entries are not acknowledged, but {other:?}"),
        }
    }

    pub async fn durable_bytes(&mut self) -> u64 {
        match self.hear().await {
            Some(Said::SegmentProgress(progress)) => progress.durable_bytes,
            other => panic!("bytes are not acknowledged, but {other:?}"),
        }
    }

    pub async fn refused(&mut self) -> proto::Refused {
        match self.hear().await {
            Some(Said::Refused(refused)) => refused,
            other => panic!("not refused, but {other:?}"),
        }
    }
}

pub fn hello(version: ProtocolVersion) -> Hello {
    Hello {
        oldest: version,
        newest: version,
        agent_version: "0.1.0".into(),
        computer_name: "host".into(),
        operating_system: "Debian".into(),
        spool: SPOOL,
        facts: ComputerFacts::default(),
        run: None,
        control_port: None,
    }
}

/// A new key (PEM) and a certificate request for it (DER).
pub fn key_and_request() -> (String, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    (key.serialize_pem(), request.der().to_vec())
}

fn message(say: Say) -> proto::FromAgent {
    proto::FromAgent { message: Some(say) }
}

async fn hear(replies: &mut Streaming<proto::ToAgent>) -> Result<Option<Said>, Status> {
    let reply = timeout(Duration::from_secs(20), replies.message()).await;
    let reply = reply.expect("the server says something in time")?;
    Ok(reply.and_then(|reply| reply.message))
}

async fn client(
    server: SocketAddr,
    authority: &[u8],
    identity: Option<Identity>,
) -> Result<GatewayClient<Channel>, Status> {
    let authority = Certificate::from_pem(pem("CERTIFICATE", authority));
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(authority)
        .domain_name(SERVER_TLS_NAME);
    if let Some(identity) = identity {
        tls = tls.identity(identity);
    }
    let channel = Endpoint::from_shared(format!("https://{server}"))
        .unwrap()
        .tls_config(tls)
        .unwrap()
        .connect()
        .await
        .map_err(|error| Status::unavailable(format!("{:#}", anyhow::Error::from(error))))?;
    Ok(GatewayClient::new(channel)
        .send_compressed(CompressionEncoding::Zstd)
        .accept_compressed(CompressionEncoding::Zstd))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}
