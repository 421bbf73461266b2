//! Where the server is.

use std::{fmt, str::FromStr};

use eidetic_wire::DEFAULT_PORT;

/// A host, by name or address, and a TCP port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerAddress {
    host: String,
    port: u16,
}

/// The text is not a server's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a server's address: it is HOST or HOST:PORT, an IPv6 address in brackets")]
pub(crate) struct ServerAddressError(String);

impl ServerAddress {
    /// A host and a port that were asked for apart from each other.
    pub(crate) fn of(host: &str, port: u16) -> Result<Self, ServerAddressError> {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        match bare.parse::<std::net::Ipv6Addr>() {
            Ok(_) => format!("[{bare}]:{port}").parse(),
            Err(_) => format!("{host}:{port}").parse(),
        }
    }

    /// The host, as the system's resolver takes it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for ServerAddress {
    type Err = ServerAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ServerAddressError(text.to_owned());
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or_else(error)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| error())?;
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(error()),
            }
        } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
            (text, None)
        } else {
            match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        let odd = |character: char| character.is_whitespace() || "/@[]".contains(character);
        if host.is_empty() || host.contains(odd) {
            return Err(error());
        }
        let port = match port {
            Some(port) => port.parse().map_err(|_| error())?,
            None => DEFAULT_PORT,
        };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_port_or_get_the_usual_one() {
        for (text, shown) in [
            ("host", "host:9004"),
            ("host:1", "host:1"),
            ("10.0.0.1", "10.0.0.1:9004"),
            ("::1", "[::1]:9004"),
            ("[::1]", "[::1]:9004"),
            ("[::1]:5", "[::1]:5"),
        ] {
            let address: ServerAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
        }
        for (host, shown) in [("host", "host:7"), ("::1", "[::1]:7"), ("[::1]", "[::1]:7")] {
            assert_eq!(ServerAddress::of(host, 7).unwrap().to_string(), shown);
        }
        for wrong in ["", "host:9004", "https://host"] {
            assert!(ServerAddress::of(wrong, 7).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            ":5",
            "host:",
            "host:99999",
            "https://host",
            "a b",
            "[::1",
            "[::1]5",
        ] {
            assert!(wrong.parse::<ServerAddress>().is_err(), "{wrong}");
        }
    }
}
