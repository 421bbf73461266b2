//! The configuration file and what it becomes.
//!
//! [`ConfigFile`] is what an operator writes, in TOML; [`Config`] is what runs. Options on the
//! command line win over the file.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// The configuration as it is written. What is left out has its default; unknown keys are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// Where everything is kept. Default: `/var/lib/eidetic/server`.
    pub data_folder: Option<PathBuf>,
    /// Where agents connect to. Default: `0.0.0.0:9004`.
    pub agents_listen: Option<String>,
    /// Where browsers connect to. Default: `0.0.0.0:9443`.
    pub console_listen: Option<String>,
    /// The names and addresses in the server's certificates. Default: the computer's name,
    /// `localhost`, `127.0.0.1` and `::1`.
    pub host_names: Option<Vec<String>>,
    /// The operator's own certificate for the console. Default: one is made.
    pub certificate: Option<CertificateFiles>,
    /// The folder with the agent's packages, which are put on other computers. Default:
    /// `packages` in the data folder.
    pub packages: Option<PathBuf>,
    /// The name or address, and perhaps port, by which other computers reach this server. Default:
    /// the first of the host names, and the port of `agents_listen`.
    pub agents_address: Option<String>,
    /// On how many computers agents are installed at once, 1 to 50. Default: 5.
    pub deployments_at_once: Option<usize>,
    /// Metrics for a monitoring system, at `/metrics` of the console's address. Default: none.
    pub metrics: Option<MetricsFile>,
}

/// How metrics can be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsFile {
    /// A file with the token that a monitoring system shows, as `Authorization: Bearer TOKEN`.
    pub token_file: PathBuf,
}

/// The operator's own certificate, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// The certificate, then those that lead to its authority.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// The configuration that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where everything is kept.
    pub data_folder: PathBuf,
    /// Where agents connect to.
    pub agents_listen: SocketAddr,
    /// Where browsers connect to.
    pub console_listen: SocketAddr,
    /// The names and addresses in the server's certificates. Not empty.
    pub host_names: Vec<String>,
    /// The certificate that browsers see.
    pub console_certificate: ConsoleCertificate,
    /// The file with the token with which metrics can be read; `None` if they cannot.
    pub metrics_token_file: Option<PathBuf>,
    /// The folder with the agent's packages.
    pub packages: PathBuf,
    /// By which name or address other computers reach this server.
    pub agents_host: String,
    /// By which port, if it is not the one that is listened on.
    pub agents_port: Option<u16>,
    /// On how many computers agents are installed at once.
    pub deployments_at_once: usize,
}

/// The certificate that browsers see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsoleCertificate {
    /// One of the server's own authority.
    Own,
    /// The operator's.
    Operators(CertificateFiles),
}

/// A configuration that cannot run. The text says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("failed to read the configuration {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not TOML, or has an unknown key.
    #[error("the configuration {path} is not valid")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Not an address to listen on.
    #[error(
        "{option} is {value:?}, must be an address and a port such as 0.0.0.0:9004 or [::]:9004"
    )]
    Address {
        /// The option.
        option: &'static str,
        /// What was written.
        value: String,
    },
    /// No host name, or an impossible one.
    #[error("host_names must be a list of one to 100 names or addresses, none of them empty")]
    HostNames,
    /// Not a name or address by which a server is reached.
    #[error("agents_address is {0:?}, must be a name or address, perhaps with a port: host:9004")]
    AgentsAddress(String),
    /// Too few or too many.
    #[error("deployments_at_once must be 1 to {MAX_DEPLOYMENTS}")]
    Deployments,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is not valid.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// The configuration that runs, on a computer with this name.
    ///
    /// # Errors
    ///
    /// If a value is not possible.
    pub fn resolve(self, computer_name: &str) -> Result<Config, ConfigError> {
        let address = |option, written: Option<String>, default: &str| {
            let value = written.unwrap_or_else(|| default.to_owned());
            value
                .parse()
                .map_err(|_| ConfigError::Address { option, value })
        };
        let host_names = self
            .host_names
            .unwrap_or_else(|| default_host_names(computer_name));
        let possible = (1..=MAX_HOST_NAMES).contains(&host_names.len());
        if !possible || host_names.iter().any(|name| name.trim().is_empty()) {
            return Err(ConfigError::HostNames);
        }
        let (agents_host, agents_port) = match self.agents_address {
            Some(written) => split_address(&written).ok_or(ConfigError::AgentsAddress(written))?,
            None => (host_names[0].clone(), None),
        };
        let deployments_at_once = self.deployments_at_once.unwrap_or(DEFAULT_DEPLOYMENTS);
        if !(1..=MAX_DEPLOYMENTS).contains(&deployments_at_once) {
            return Err(ConfigError::Deployments);
        }
        let data_folder = self
            .data_folder
            .unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_FOLDER));
        Ok(Config {
            packages: self
                .packages
                .unwrap_or_else(|| data_folder.join("packages")),
            agents_host,
            agents_port,
            deployments_at_once,
            data_folder,
            agents_listen: address("agents_listen", self.agents_listen, "0.0.0.0:9004")?,
            console_listen: address("console_listen", self.console_listen, "0.0.0.0:9443")?,
            host_names,
            console_certificate: self
                .certificate
                .map_or(ConsoleCertificate::Own, ConsoleCertificate::Operators),
            metrics_token_file: self.metrics.map(|metrics| metrics.token_file),
        })
    }
}

/// A host, and perhaps a port behind a colon; IPv6 addresses in brackets or alone.
fn split_address(written: &str) -> Option<(String, Option<u16>)> {
    let written = written.trim();
    let (host, port) = match written.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            let port = port.parse().ok().filter(|port| *port > 0)?;
            (host, Some(port))
        }
        _ => (written, None),
    };
    let host = host.trim_matches(['[', ']']);
    let possible = !host.is_empty() && !host.contains(char::is_whitespace);
    possible.then(|| (host.to_owned(), port))
}

fn default_host_names(computer_name: &str) -> Vec<String> {
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    if !computer_name.is_empty() && !names.iter().any(|name| name == computer_name) {
        names.insert(0, computer_name.to_owned());
    }
    names
}

const DEFAULT_DATA_FOLDER: &str = "/var/lib/eidetic/server";
const MAX_HOST_NAMES: usize = 100;
const DEFAULT_DEPLOYMENTS: usize = 5;
const MAX_DEPLOYMENTS: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        let config = parse("").unwrap().resolve("host").unwrap();
        assert_eq!(config.data_folder, Path::new("/var/lib/eidetic/server"));
        assert_eq!(config.agents_listen.to_string(), "0.0.0.0:9004");
        assert_eq!(config.console_listen.to_string(), "0.0.0.0:9443");
        assert_eq!(
            config.host_names,
            ["host", "localhost", "127.0.0.1", "::1"].map(str::to_owned)
        );
        assert_eq!(config.console_certificate, ConsoleCertificate::Own);
    }

    #[test]
    fn the_servers_own_address_is_read_in_every_form() {
        let read = |text: &str| {
            let (host, port) = split_address(text)?;
            Some(format!("{host} {port:?}"))
        };
        assert_eq!(read("host").as_deref(), Some("host None"));
        assert_eq!(read("host:9005").as_deref(), Some("host Some(9005)"));
        assert_eq!(read("fd00::1").as_deref(), Some("fd00::1 None"));
        assert_eq!(
            read("[fd00::1]:9005").as_deref(),
            Some("fd00::1 Some(9005)")
        );
        for wrong in ["", ":9004", "host:0", "host:port", "a b"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn every_option_can_be_written() {
        let written = r#"
            data_folder = "/data"
            agents_listen = "127.0.0.1:0"
            console_listen = "[::1]:443"
            host_names = ["eidetic.example"]
            [certificate]
            chain = "chain.pem"
            key = "key.pem"
            [metrics]
            token_file = "metrics.token"
        "#;
        let config = parse(written).unwrap().resolve("host").unwrap();
        assert_eq!(config.data_folder, Path::new("/data"));
        assert_eq!(config.agents_listen.to_string(), "127.0.0.1:0");
        assert_eq!(config.console_listen.to_string(), "[::1]:443");
        assert_eq!(config.host_names, ["eidetic.example"].map(str::to_owned));
        let token_file = config.metrics_token_file.as_deref();
        assert_eq!(token_file, Some(Path::new("metrics.token")));
        let ConsoleCertificate::Operators(files) = config.console_certificate else {
            panic!("the operator's certificate is not taken");
        };
        assert_eq!(files.chain, Path::new("chain.pem"));
    }

    #[test]
    fn wrong_values_and_unknown_keys_are_named() {
        let unknown = parse("agents_port = 1").unwrap_err().to_string();
        assert!(unknown.contains("unknown field `agents_port`"), "{unknown}");
        let refused = |text: &str| {
            parse(text)
                .unwrap()
                .resolve("host")
                .unwrap_err()
                .to_string()
        };
        assert!(refused(r#"agents_listen = "9004""#).starts_with(r#"agents_listen is "9004""#));
        assert!(refused("host_names = []").starts_with("host_names must be"));
        assert!(refused(r#"host_names = [""]"#).starts_with("host_names must be"));
    }

    fn parse(text: &str) -> Result<ConfigFile, toml::de::Error> {
        toml::from_str(text)
    }
}
