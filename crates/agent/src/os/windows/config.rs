//! The configuration, in the registry: `HKEY_LOCAL_MACHINE\SOFTWARE\Eidetic\Agent`, which only
//! administrators can write.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use windows_registry::{Key, LOCAL_MACHINE};

/// Where the configuration is, as the command line says: always in the same place.
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {}

/// What the administrator wrote. What is recorded is not his but the server's to say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// The agent's folder: the text `StateFolder`.
    pub(crate) state_folder: Option<PathBuf>,
    /// The TCP port for calls of the server, 0 for none: the number `ControlPort`.
    pub(crate) control_port: Option<u16>,
    /// The file for a monitoring system: the text `MetricsFile`.
    pub(crate) metrics_file: Option<PathBuf>,
}

impl ConfigArguments {
    /// Reads it.
    pub(crate) fn read(&self) -> anyhow::Result<Config> {
        Config::read()
    }
}

impl Config {
    /// Reads it. Where there is none, it is empty.
    pub(crate) fn read() -> anyhow::Result<Self> {
        match LOCAL_MACHINE.open(KEY) {
            Ok(key) => Self::of(&key),
            Err(error) if error.code().0.cast_unsigned() == NOT_FOUND => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!(r"failed to read HKLM\{KEY}")),
        }
    }

    fn of(key: &Key) -> anyhow::Result<Self> {
        let control_port =
            match key.get_u32("ControlPort") {
                Ok(port) => Some(u16::try_from(port).map_err(|_| {
                    anyhow::anyhow!(r"HKLM\{KEY}: ControlPort has to be 0 to 65535")
                })?),
                Err(error) if error.code().0.cast_unsigned() == NOT_FOUND => None,
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!(r"HKLM\{KEY}: ControlPort has to be a number"));
                }
            };
        Ok(Self {
            control_port,
            state_folder: path(key, "StateFolder", r"D:\Eidetic")?,
            metrics_file: path(key, "MetricsFile", r"D:\Metrics\eidetic-agent.prom")?,
        })
    }
}

/// A whole path that stands in the registry, if it does.
fn path(key: &Key, name: &str, example: &str) -> anyhow::Result<Option<PathBuf>> {
    let path = match key.get_string(name) {
        Ok(path) => PathBuf::from(path),
        Err(error) if error.code().0.cast_unsigned() == NOT_FOUND => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!(r"HKLM\{KEY}: {name} has to be a text"));
        }
    };
    anyhow::ensure!(
        path.is_absolute(),
        r"HKLM\{KEY}: {name} has to be a whole path, such as {example}"
    );
    Ok(Some(path))
}

const KEY: &str = r"SOFTWARE\Eidetic\Agent";

/// `ERROR_FILE_NOT_FOUND`, as what the registry answers.
const NOT_FOUND: u32 = 0x8007_0002;

#[cfg(test)]
mod tests {
    use windows_registry::CURRENT_USER;

    use super::*;

    #[test]
    fn folder_is_read_and_what_is_no_whole_path_is_refused() {
        let path = format!(r"SOFTWARE\Eidetic\Test-{}", std::process::id());
        let key = CURRENT_USER.create(&path).unwrap();
        assert_eq!(Config::of(&key).unwrap(), Config::default());
        key.set_string("StateFolder", r"D:\Eidetic").unwrap();
        let config = Config::of(&key).unwrap();
        assert_eq!(config.state_folder.unwrap(), PathBuf::from(r"D:\Eidetic"));
        assert_eq!(config.control_port, None);
        key.set_u32("ControlPort", 0).unwrap();
        assert_eq!(Config::of(&key).unwrap().control_port, Some(0));
        key.set_u32("ControlPort", 70_000).unwrap();
        let error = Config::of(&key).unwrap_err().to_string();
        assert!(error.contains("0 to 65535"), "{error}");
        key.set_u32("ControlPort", 9003).unwrap();
        key.set_string("StateFolder", "Eidetic").unwrap();
        let error = Config::of(&key).unwrap_err().to_string();
        assert!(error.contains("whole path"), "{error}");
        CURRENT_USER.remove_tree(&path).unwrap();
    }
}
