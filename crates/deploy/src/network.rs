//! Computers on the network: how they are named, reached and told apart.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::AsyncReadExt as _,
    net::{TcpStream, lookup_host},
    time::timeout,
};

use crate::{Account, Cancel, DeployError, HostKeyRule, connection::within, install::or_cancelled};

/// A computer on which to install, and how to get in.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name or address.
    pub host: String,
    /// The port on which it is reached.
    pub port: u16,
    /// With whom to sign in.
    pub account: Account,
    /// How it is reached, which says what it is.
    pub reach: Reach,
}

/// How a computer is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Linux, by SSH.
    Ssh {
        /// Which key it must have.
        host_key: HostKeyRule,
    },
    /// Windows, by SMB.
    Smb,
}

/// What runs on a computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux, reached by SSH.
    Linux,
    /// Windows, reached by SMB.
    Windows,
}

impl System {
    /// The port on which it is reached, unless it is said otherwise.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Linux => 22,
            Self::Windows => 445,
        }
    }
}

impl Reach {
    /// What has to answer, and how to have it do so.
    pub(crate) const fn service(&self) -> &'static str {
        match self {
            Self::Ssh { .. } => "its SSH server runs",
            Self::Smb => SMB_ANSWERS,
        }
    }
}

/// Finds out what runs on a computer, by what answers on it.
///
/// # Errors
///
/// If nothing does.
pub async fn find_system(host: &str, cancel: &Cancel) -> Result<System, DeployError> {
    or_cancelled(cancel, async {
        let (ssh, smb) = tokio::join!(greeting(host), answers(host, System::Windows));
        match (ssh, smb) {
            // Windows has an SSH server too, and Linux one that speaks SMB.
            (Ok(Some(greeting)), Ok(())) if greeting.contains("Windows") => Ok(System::Windows),
            (Ok(Some(_)), _) => Ok(System::Linux),
            (_, Ok(())) => Ok(System::Windows),
            (Ok(None), _) => Ok(System::Linux),
            (Err(error @ DeployError::NoAddress { .. }), _) => Err(error),
            (Err(_), Err(_)) => Err(DeployError::Unreachable {
                address: format!("{} on port 22 (SSH) or 445 (SMB)", bare(host)),
                service: "an SSH server (Linux) or File and Printer Sharing (Windows) runs",
                reason: "both were tried".to_owned(),
            }),
        }
    })
    .await
}

/// Connects.
pub(crate) async fn connect(target: &Target) -> Result<TcpStream, DeployError> {
    connect_to(&target.host, target.port, target.reach.service()).await
}

/// Finds the first address on which a computer answers.
pub(crate) async fn reach(target: &Target) -> Result<SocketAddr, DeployError> {
    let stream = connect(target).await?;
    let lost = |error: std::io::Error| DeployError::Lost(error.to_string());
    stream.peer_addr().map_err(lost)
}

/// Where a computer is reached, in words.
pub(crate) fn address(target: &Target) -> String {
    address_of(&target.host, target.port)
}

/// What an SSH server says first; nothing if it says nothing.
async fn greeting(host: &str) -> Result<Option<String>, DeployError> {
    let mut stream = connect_to(host, System::Linux.usual_port(), "its SSH server runs").await?;
    let mut said = [0; LONGEST_GREETING];
    match timeout(GREETING_LIMIT, stream.read(&mut said)).await {
        Ok(Ok(length)) if said[..length].starts_with(b"SSH-") => {
            Ok(Some(String::from_utf8_lossy(&said[..length]).into_owned()))
        }
        _ => Ok(None),
    }
}

async fn answers(host: &str, system: System) -> Result<(), DeployError> {
    connect_to(host, system.usual_port(), SMB_ANSWERS)
        .await
        .map(drop)
}

async fn connect_to(
    host: &str,
    port: u16,
    service: &'static str,
) -> Result<TcpStream, DeployError> {
    let looked_up = within("looking the name up", CONNECT_LIMIT, async {
        lookup_host((bare(host), port)).await
    });
    let addresses = looked_up.await?.map_err(|source| DeployError::NoAddress {
        host: host.to_owned(),
        source,
    })?;
    let mut reason = "there is no address".to_owned();
    for address in addresses {
        match timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => reason = error.to_string(),
            Err(_) => reason = format!("no answer within {} seconds", CONNECT_LIMIT.as_secs()),
        }
    }
    Err(DeployError::Unreachable {
        address: address_of(host, port),
        service,
        reason,
    })
}

fn address_of(host: &str, port: u16) -> String {
    let host = bare(host);
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

const SMB_ANSWERS: &str =
    "File and Printer Sharing is on (and allowed through Windows' firewall for this network)";

const CONNECT_LIMIT: Duration = Duration::from_secs(15);

const GREETING_LIMIT: Duration = Duration::from_secs(5);

/// RFC 4253, section 4.2.
const LONGEST_GREETING: usize = 255;
