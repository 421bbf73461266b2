//! Which server, and who asks.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::connection::{Connection, Trust};
use super::password::Password;

/// The server to ask, and as whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArguments {
    /// The console's address.
    #[arg(long, value_name = "ADDRESS", env = "EIDETIC_SERVER")]
    server: Option<String>,
    /// The user to sign in as.
    #[arg(
        long,
        value_name = "NAME",
        env = "EIDETIC_USER",
        default_value = "administrator"
    )]
    user: String,
    /// Read the password from the first line of standard input. Without this it is taken from
    /// EIDETIC_PASSWORD, or asked for.
    #[arg(long)]
    password_stdin: bool,
    /// Trust certificates of this authority only (PEM). Needed unless this computer trusts the
    /// server's certificate already; the authority of a server that made its certificate itself is
    /// pki/authority.pem in the server's data folder.
    #[arg(long, value_name = "FILE", env = "EIDETIC_CA")]
    ca: Option<PathBuf>,
}

impl ServerArguments {
    /// Signs in, asking for the password if it is not known.
    pub fn connect(&self) -> anyhow::Result<Connection> {
        let address = self.server.as_deref().context(
            "which server? Say --server https://HOST:9443, or put it into EIDETIC_SERVER",
        )?;
        let trust = match &self.ca {
            None => Trust::ThisComputer,
            Some(path) => {
                let pem = fs::read(path)
                    .with_context(|| format!("failed to read the authority {}", path.display()))?;
                Trust::only(&pem).with_context(|| path.display().to_string())?
            }
        };
        let connection = Connection::new(address, trust)?;
        let password = Password::obtain(self.password_stdin, &self.user)?;
        Ok(connection.sign_in(&self.user, &password)?)
    }
}
