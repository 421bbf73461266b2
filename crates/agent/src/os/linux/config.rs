//! The optional configuration file, `/etc/eidetic/agent.toml`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;

/// Where the configuration is, as the command line says.
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
}

impl ConfigArguments {
    /// Reads it.
    pub(crate) fn read(&self) -> anyhow::Result<Config> {
        let named = self.config != Path::new(DEFAULT_CONFIG);
        Config::read(&self.config, named)
    }
}

/// What the administrator wrote. What is recorded is not his but the server's to say.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The agent's folder.
    pub(crate) state_folder: Option<PathBuf>,
    /// The file for a monitoring system, such as
    /// `/var/lib/prometheus/node-exporter/eidetic-agent.prom`.
    pub(crate) metrics_file: Option<PathBuf>,
    /// Records this X display instead of the sessions that logind tells of.
    pub(crate) display: Option<String>,
    /// The TCP port for calls of the server; 0 opens none.
    pub(crate) control_port: Option<u16>,
}

impl Config {
    /// Reads the file. One that is not there is empty, unless it was `named` explicitly.
    fn read(path: &Path, named: bool) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !named => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("failed to read the configuration {}", path.display())
                });
            }
        };
        toml::from_str(&text)
            .with_context(|| format!("the configuration {} is not valid", path.display()))
    }
}

const DEFAULT_CONFIG: &str = "/etc/eidetic/agent.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused_by_name_and_a_missing_file_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.toml");
        assert_eq!(Config::read(&path, false).unwrap(), Config::default());
        assert!(Config::read(&path, true).is_err());
        let text = "state_folder = \"/srv/agent\"\nmetrics_file = \"/srv/agent.prom\"\n";
        fs::write(&path, text).unwrap();
        let config = Config::read(&path, true).unwrap();
        assert_eq!(config.state_folder.unwrap(), Path::new("/srv/agent"));
        assert_eq!(config.metrics_file.unwrap(), Path::new("/srv/agent.prom"));
        fs::write(&path, "frames = 9\n").unwrap();
        let error = format!("{:#}", Config::read(&path, true).unwrap_err());
        assert!(error.contains("unknown field `frames`"), "{error}");
    }
}
