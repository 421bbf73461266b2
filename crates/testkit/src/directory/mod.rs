//! OpenLDAP's server with a small domain that looks like one of Active Directory.
//!
//! It listens on loopback ports of its own, has its files in a folder of its own, and ends with the
//! value. The Debian packages are `slapd` and `ldap-utils`; no service is needed.

mod certificate;
mod content;

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

pub use self::certificate::DirectoryCertificate;
use crate::eventually;

/// A directory that is running.
#[derive(Debug)]
pub struct PrivateDirectory {
    folder: TempDir,
    server: Child,
    ldap: u16,
    ldaps: u16,
    authority: String,
}

impl PrivateDirectory {
    /// The name under which everything is.
    pub const BASE: &str = "dc=corp,dc=example";
    /// An account that may read everything but passwords of accounts.
    pub const READER: &str = "cn=server,ou=Accounts,dc=corp,dc=example";
    /// An account that may not read the managed account's password either.
    pub const OTHER: &str = "cn=other,ou=Accounts,dc=corp,dc=example";
    /// The password of both.
    pub const PASSWORD: &str = "correct horse";
    /// A group Managed Service Account.
    pub const MANAGED: &str = "eidetic$";
    /// How many workstations are in `cn=Computers`, beside what is elsewhere: more than two pages.
    pub const WORKSTATIONS: usize = 1_200;

    /// Starts it with a certificate for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// If OpenLDAP is not installed or does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(DirectoryCertificate::Good, &[])
    }

    /// Starts it with another certificate, and this value of the managed account's
    /// `msDS-ManagedPassword`.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_with(
        certificate: DirectoryCertificate,
        managed_password: &[u8],
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        // Its profile for AppArmor, where that is in force, does not let it out of its own folders.
        fs::copy(SLAPD, path("slapd")).context("failed to find slapd (Debian package slapd)")?;
        fs::create_dir(path("data"))?;
        fs::write(path("schema.conf"), content::SCHEMA)?;
        fs::write(path("content.ldif"), content::ldif(managed_password))?;
        let made = certificate.make()?;
        fs::write(path("authority.pem"), &made.authority)?;
        let mut config = content::config(folder.path());
        if let Some((chain, key)) = &made.server {
            fs::write(path("server.pem"), chain)?;
            fs::write(path("server.key"), key)?;
            config = content::with_certificate(&config, folder.path());
        }
        fs::write(path("slapd.conf"), config)?;
        let filled = Command::new(path("slapd"))
            .args(["-T", "add", "-q", "-f"])
            .arg(path("slapd.conf"))
            .arg("-l")
            .arg(path("content.ldif"))
            .output()?;
        ensure!(
            filled.status.success(),
            "slapadd failed: {}",
            String::from_utf8_lossy(&filled.stderr)
        );
        let (server, ldap, ldaps) = serve(&folder)?;
        Ok(Self {
            folder,
            server,
            ldap,
            ldaps,
            authority: made.authority,
        })
    }

    /// The port on which StartTLS is spoken.
    pub const fn starttls_port(&self) -> u16 {
        self.ldap
    }

    /// The port on which LDAPS is spoken.
    pub const fn ldaps_port(&self) -> u16 {
        self.ldaps
    }

    /// The certificate of the authority that made the server's, as PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Changes what is in it, as LDIF says.
    ///
    /// # Errors
    ///
    /// If the change is refused.
    pub fn change(&self, ldif: &str) -> anyhow::Result<()> {
        let socket = socket(&self.folder).display().to_string();
        let mut child = Command::new("ldapmodify")
            .args(["-x", "-D", content::ADMINISTRATOR, "-w", content::PASSWORD])
            .args(["-H", &format!("ldapi://{}", socket.replace('/', "%2F"))])
            .env("LDAPNOINIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("failed to start ldapmodify (Debian package ldap-utils)")?;
        let mut input = child.stdin.take().context("ldapmodify has no input")?;
        input.write_all(ldif.as_bytes())?;
        drop(input);
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "ldapmodify failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Adds a computer to a container.
    ///
    /// # Errors
    ///
    /// If the change is refused.
    pub fn add_computer(&self, name: &str, container: &str, system: &str) -> anyhow::Result<()> {
        let entry = content::computer(name, container, WORKSTATION, system);
        self.change(&entry.replacen('\n', "\nchangetype: add\n", 1))
    }

    /// Removes an entry.
    ///
    /// # Errors
    ///
    /// If the change is refused.
    pub fn remove(&self, dn: &str) -> anyhow::Result<()> {
        self.change(&format!("dn: {dn}\nchangetype: delete\n"))
    }

    /// Ends it, as when its computer is switched off.
    pub fn stop(&mut self) {
        let _gone_already = self.server.kill();
        let _status = self.server.wait();
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the server. A port that was free may be taken by somebody else meanwhile.
fn serve(folder: &TempDir) -> anyhow::Result<(Child, u16, u16)> {
    for _ in 0..ATTEMPTS {
        let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let (first, second) = (free()?, free()?);
        let (ldap, ldaps) = (first.local_addr()?.port(), second.local_addr()?.port());
        drop((first, second));
        let socket = socket(folder).display().to_string().replace('/', "%2F");
        let listen = format!("ldap://127.0.0.1:{ldap} ldaps://127.0.0.1:{ldaps} ldapi://{socket}");
        let mut server = Command::new(folder.path().join("slapd"))
            .args(["-d", "0", "-h", &listen, "-f"])
            .arg(folder.path().join("slapd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let is_up = eventually(
            "the directory listens or has ended",
            || match TcpStream::connect((Ipv4Addr::LOCALHOST, ldap)) {
                Ok(_) => Some(true),
                Err(_) => server.try_wait().ok().flatten().map(|_| false),
            },
        );
        if is_up && server.try_wait()?.is_none() {
            return Ok((server, ldap, ldaps));
        }
    }
    anyhow::bail!("slapd ended by itself {ATTEMPTS} times")
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("ldapi")
}

const SLAPD: &str = "/usr/sbin/slapd";
const ATTEMPTS: usize = 5;
/// WORKSTATION_TRUST_ACCOUNT.
const WORKSTATION: u32 = 4096;
