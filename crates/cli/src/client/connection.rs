//! A connection to a server, and signing in to it.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Body, RequestBuilder};

use super::ClientError;
use super::answers::{Account, Problem};
use super::password::Password;

/// Whose certificates are accepted.
pub enum Trust {
    /// Those that this computer accepts.
    ThisComputer,
    /// Those of these authorities.
    Only(Vec<Certificate<'static>>),
}

/// A server, and perhaps somebody who is signed in there.
///
/// Signs out when it is dropped.
pub struct Connection {
    agent: Agent,
    /// As it was given, without a slash at its end.
    address: String,
    cookie: Option<String>,
}

impl Trust {
    /// The authorities in this PEM text and no others.
    pub fn only(pem: &[u8]) -> Result<Self, ClientError> {
        let certificates: Vec<_> = parse_pem(pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err(ClientError::NoCertificate);
        }
        Ok(Self::Only(certificates))
    }
}

impl Connection {
    /// A connection to the console at this address; nothing is sent yet.
    pub fn new(address: &str, trust: Trust) -> Result<Self, ClientError> {
        let address = address.trim().trim_end_matches('/');
        let is_server = address
            .strip_prefix("https://")
            .is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']));
        if !is_server {
            return Err(ClientError::BadAddress(address.to_owned()));
        }
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(match trust {
                Trust::ThisComputer => RootCerts::PlatformVerifier,
                Trust::Only(certificates) => RootCerts::new_with_certs(&certificates),
            })
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .max_redirects(0)
            .user_agent(concat!("eidetic/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Ok(Self {
            agent,
            address: address.to_owned(),
            cookie: None,
        })
    }

    /// Signs in.
    pub fn sign_in(mut self, user: &str, password: &Password) -> Result<Self, ClientError> {
        #[derive(Serialize)]
        struct SignIn<'a> {
            user_name: &'a str,
            password: &'a str,
        }
        let path = "/sign-in";
        let body = SignIn {
            user_name: user,
            password: password.reveal(),
        };
        let request = self.agent.post(self.url(path)).header(CSRF.0, CSRF.1);
        let mut response = self.answered(request.send_json(body))?;
        self.cookie = response
            .headers()
            .get("set-cookie")
            .and_then(|cookie| cookie.to_str().ok())
            .and_then(|cookie| cookie.split(';').next())
            .map(str::to_owned);
        if self.cookie.is_none() {
            return Err(nonsense(path, "it sets no cookie"));
        }
        let account: Account = read_json(path, &mut response)?;
        if account.must_change_password {
            return Err(ClientError::PasswordChangeRequired {
                user: user.to_owned(),
                address: self.address.clone(),
            });
        }
        Ok(self)
    }

    /// Gets an answer in JSON.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let request = self
            .agent
            .get(self.url(path))
            .header("cookie", self.cookie.as_deref().unwrap_or_default());
        let mut response = self.answered(request.call())?;
        read_json(path, &mut response)
    }

    /// Sends something, and gets an answer in JSON.
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let request = self.signed(self.agent.post(self.url(path)));
        let mut response = self.answered(request.send_json(body))?;
        read_json(path, &mut response)
    }

    fn signed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        request
            .header("cookie", self.cookie.as_deref().unwrap_or_default())
            .header(CSRF.0, CSRF.1)
    }

    /// Gets some of the bytes that are found under a path: `length` from `offset` on, or fewer if
    /// there are not so many.
    pub fn bytes(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, ClientError> {
        let last = offset.saturating_add(length).saturating_sub(1);
        let request = self
            .agent
            .get(self.url(path))
            .header("cookie", self.cookie.as_deref().unwrap_or_default())
            .header("range", format!("bytes={offset}-{last}"));
        let mut response = self.answered(request.call())?;
        if response.status() != 206 {
            return Err(nonsense(path, "it is not the range that was asked for"));
        }
        let mut bytes = Vec::new();
        let mut body = response.body_mut().as_reader().take(length);
        body.read_to_end(&mut bytes)
            .map_err(|error| ClientError::Unreachable {
                address: self.address.clone(),
                reason: error.to_string(),
            })?;
        Ok(bytes)
    }

    /// The answer, if it is one of success.
    fn answered(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, ClientError> {
        let mut response = answer.map_err(|error| ClientError::transport(&self.address, &error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let told = response.body_mut().read_json::<Problem>();
        Err(ClientError::Refused(told.unwrap_or_else(|_| Problem {
            status: status.as_u16(),
            detail: String::new(),
            title: format!("it answered {status}"),
        })))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.address)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(cookie) = self.cookie.take() {
            let request = self.agent.post(self.url("/sign-out"));
            // The sign-in ends by itself if this does not arrive.
            let _unimportant = request
                .header("cookie", cookie)
                .header(CSRF.0, CSRF.1)
                .send_empty();
        }
    }
}

fn read_json<T: DeserializeOwned>(
    path: &str,
    response: &mut Response<Body>,
) -> Result<T, ClientError> {
    let body = response.body_mut().with_config().limit(MAX_JSON_BYTES);
    // What serde says may quote the answer, which may hold captured content.
    body.read_json()
        .map_err(|_| nonsense(path, "it is not of the shape that this version knows"))
}

fn nonsense(path: &str, reason: &str) -> ClientError {
    ClientError::Nonsense {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Says to the server that no page of another site made the request.
const CSRF: (&str, &str) = ("X-Eidetic-Request", "1");

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_JSON_BYTES: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_servers_are_taken() {
        for right in ["https://host:9443", "https://host:9443/", "https://[::1]:1"] {
            assert!(
                Connection::new(right, Trust::ThisComputer).is_ok(),
                "{right}"
            );
        }
        for wrong in [
            "host:9443",
            "http://host:9443",
            "https://",
            "https://host/path",
            "https://user@host",
        ] {
            let refused = Connection::new(wrong, Trust::ThisComputer).err().unwrap();
            assert!(refused.to_string().contains("https://HOST:9443"), "{wrong}");
        }
    }

    #[test]
    fn a_file_without_certificate_is_no_authority() {
        let refused = Trust::only(b"not a certificate");
        assert!(matches!(refused, Err(ClientError::NoCertificate)));
    }
}
