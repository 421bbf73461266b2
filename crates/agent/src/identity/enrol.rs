//! Enrolment: a token for a certificate.

use std::time::Duration;

use eidetic_model::AgentId;
use eidetic_wire::{
    EnrolmentTicket, ProtocolVersion,
    convert::to_proto,
    proto::{self, gateway_client::GatewayClient},
};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls_pki_types::CertificateDer;
use tokio::time::timeout;
use tonic::{Code, Status};

use super::{
    Identity,
    tls::{enrolling_config, is_pinned},
};
use crate::{
    connection::{ConnectError, connect},
    server_address::ServerAddress,
};

/// What is needed to enrol.
#[derive(Debug)]
pub(crate) struct Enrolment {
    /// The server.
    pub(crate) server: ServerAddress,
    /// The one-time right to enrol.
    pub(crate) ticket: EnrolmentTicket,
    /// This computer's name.
    pub(crate) computer_name: String,
    /// This computer's operating system.
    pub(crate) operating_system: String,
    /// Who this agent is until now: of the same server, it stays that agent, and what waits in the
    /// spool is still its own.
    pub(crate) until_now: Option<Identity>,
}

/// Enrolment failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnrolError {
    /// There is no connection to the server.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server refused.
    #[error("the server at {server} refuses to enrol this computer: {reason}")]
    Refused {
        /// The server.
        server: ServerAddress,
        /// Its own words: they say what to do.
        reason: String,
    },
    /// The server refuses for now.
    #[error("the server at {server} does not enrol this computer now: {reason}")]
    NotNow {
        /// The server.
        server: ServerAddress,
        /// Its own words: they say what to do.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection to {server} broke while enrolling: {reason}; try again")]
    Broken {
        /// The server.
        server: ServerAddress,
        /// What the transport says.
        reason: String,
    },
    /// The answer is not one.
    #[error("the server at {server} answered with {what} that is not valid")]
    BadAnswer {
        /// The server.
        server: ServerAddress,
        /// What of the answer.
        what: &'static str,
    },
    /// No key could be made, or the request for a certificate.
    #[error("failed to make a key: {0}")]
    Key(#[from] rcgen::Error),
}

/// Enrols this computer: its new identity is not kept yet.
pub(crate) async fn enrol(enrolment: Enrolment) -> Result<Identity, EnrolError> {
    let Enrolment {
        server,
        ticket,
        computer_name,
        operating_system,
        until_now,
    } = enrolment;
    let authority_sha256 = *ticket.authority_sha256();
    let config =
        enrolling_config(authority_sha256, until_now.as_ref()).map_err(ConnectError::Setup)?;
    let channel = connect(&server, config).await?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let request = proto::EnrolRequest {
        protocol: Some(to_proto::protocol_range(
            ProtocolVersion::OLDEST,
            ProtocolVersion::NEWEST,
        )),
        token: ticket.to_text(),
        certificate_request: certificate_request(&key)?.into(),
        computer_name,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        operating_system,
    };
    let mut client = GatewayClient::new(channel);
    let answer = timeout(ENROL_LIMIT, client.enrol(request))
        .await
        .map_err(|_| EnrolError::Broken {
            server: server.clone(),
            reason: "it does not answer".to_owned(),
        })?
        .map_err(|status| explain(&server, &status))?
        .into_inner();
    let bad = |what| EnrolError::BadAnswer {
        server: server.clone(),
        what,
    };
    if !is_pinned(&answer.authority, &authority_sha256) {
        return Err(bad("an authority"));
    }
    if x509_parser::parse_x509_certificate(&answer.certificate).is_err() {
        return Err(bad("a certificate"));
    }
    Ok(Identity {
        agent: AgentId::from_slice(&answer.agent_id).ok_or_else(|| bad("an agent's id"))?,
        certificate: CertificateDer::from(answer.certificate.to_vec()),
        authority: CertificateDer::from(answer.authority.to_vec()),
        key: key.serialize_der(),
        server,
    })
}

/// How long the server may take.
const ENROL_LIMIT: Duration = Duration::from_secs(20);

/// A request for a certificate of this key. PKCS #10, DER.
pub(super) fn certificate_request(key: &KeyPair) -> Result<Vec<u8>, rcgen::Error> {
    let request = CertificateParams::default().serialize_request(key)?;
    Ok(request.der().to_vec())
}

fn explain(server: &ServerAddress, status: &Status) -> EnrolError {
    let server = server.clone();
    let reason = status.message().to_owned();
    match status.code() {
        Code::Unavailable | Code::Unknown | Code::DeadlineExceeded | Code::Cancelled => {
            EnrolError::Broken { server, reason }
        }
        Code::ResourceExhausted => EnrolError::NotNow { server, reason },
        _ => EnrolError::Refused { server, reason },
    }
}
