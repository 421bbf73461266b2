//! Signing program, library and package, by osslsigncode.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::command::Run;

/// What the package is signed with, so that Windows says who made it.
#[derive(Args, Clone, Debug, Default)]
pub struct Signing {
    /// Signs with this certificate: PEM, with those that it was signed with behind it.
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's key, PEM.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// The key's password is the first line of this file.
    #[arg(long, value_name = "FILE", requires = "key")]
    password_file: Option<PathBuf>,
    /// Has this server (RFC 3161) say when it was signed, so that the signature outlives the
    /// certificate.
    #[arg(long, value_name = "URL", requires = "certificate")]
    timestamp: Option<String>,
}

impl Signing {
    /// Looks whether certificate, key and password belong together, before the long build.
    pub fn check(&self) -> Result<()> {
        let (Some(certificate), Some(key)) = (&self.certificate, &self.key) else {
            return Ok(());
        };
        let files = [Some(certificate), Some(key), self.password_file.as_ref()];
        for file in files.into_iter().flatten() {
            fs::File::open(file).with_context(|| format!("failed to read {}", file.display()))?;
        }
        let of_certificate = openssl(&[
            "x509".as_ref(),
            "-noout".as_ref(),
            "-pubkey".as_ref(),
            "-in".as_ref(),
            certificate.as_ref(),
        ])?
        .with_context(|| format!("{} is not a certificate in PEM", certificate.display()))?;
        let password = self.password();
        let of_key = openssl(&[
            "pkey".as_ref(),
            "-pubout".as_ref(),
            "-passin".as_ref(),
            password.as_ref(),
            "-in".as_ref(),
            key.as_ref(),
        ])?
        .with_context(|| match &self.password_file {
            Some(file) => format!(
                "{} cannot be opened: it is not a key in PEM, or its password is not the first \
                 line of {}",
                key.display(),
                file.display()
            ),
            None => format!(
                "{} cannot be opened: it is not a key in PEM, or it has a password; write that \
                 into a file, and name it with --password-file",
                key.display()
            ),
        })?;
        ensure!(
            of_certificate == of_key,
            "{} is not the key of {}",
            key.display(),
            certificate.display()
        );
        Ok(())
    }

    /// Signs a program, a library or a package, if anything is to be signed.
    pub fn sign(&self, file: &Path) -> Result<()> {
        let (Some(certificate), Some(key)) = (&self.certificate, &self.key) else {
            return Ok(());
        };
        let signed = file.with_extension("signed");
        let mut command = Command::new("osslsigncode");
        command.args(["sign", "-h", "sha256", "-n", "Eidetic Agent", "-certs"]);
        command.arg(certificate).arg("-key").arg(key);
        if let Some(password) = &self.password_file {
            command.arg("-readpass").arg(password);
        }
        if let Some(server) = &self.timestamp {
            command.args(["-ts", server]);
        }
        command.arg("-in").arg(file).arg("-out").arg(&signed);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .run()
            .with_context(|| format!("failed to sign {}", file.display()))?;
        fs::rename(signed, file)?;
        Ok(())
    }

    fn password(&self) -> String {
        match &self.password_file {
            Some(file) => format!("file:{}", file.display()),
            // Else it would ask whoever sits there.
            None => "pass:".to_owned(),
        }
    }
}

/// What it prints; `None` if it fails.
fn openssl(arguments: &[&OsStr]) -> Result<Option<Vec<u8>>> {
    let output = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("failed to start openssl")?;
    Ok(output.status.success().then_some(output.stdout))
}

/// A certificate for the tests, which nobody trusts but they.
pub struct Trial {
    folder: PathBuf,
}

impl Trial {
    /// Makes it in a folder of its own, which goes with this value. What does not belong together is
    /// refused then.
    pub fn make(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let trial = Self { folder };
        fs::write(trial.file("password"), "correct\n")?;
        fs::write(trial.file("wrong"), "incorrect\n")?;
        for name in ["certificate", "another"] {
            let mut make = Command::new("openssl");
            make.current_dir(&trial.folder)
                .args([
                    "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-days", "2",
                ])
                .args(["-subj", "/CN=Eidetic's tests"])
                .args(["-addext", "extendedKeyUsage=codeSigning"])
                .args(["-passout", "file:password"])
                .args(["-keyout", &format!("{name}.key")])
                .args(["-out", &format!("{name}.pem")]);
            make.stderr(Stdio::null()).run()?;
        }
        trial.refuses()?;
        Ok(trial)
    }

    /// What a package is signed with.
    pub fn signing(&self) -> Signing {
        self.with("certificate.pem", "certificate.key", Some("password"))
    }

    /// Fails unless what is signed is signed by this certificate.
    pub fn verify(&self, file: &Path) -> Result<()> {
        let mut verify = Command::new("osslsigncode");
        verify.arg("verify").arg("-CAfile");
        verify.arg(self.file("certificate.pem"));
        let output = verify.arg("-in").arg(file).output()?;
        ensure!(
            output.status.success(),
            "the signature of {} is not valid: {}",
            file.display(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
        );
        Ok(())
    }

    /// The same for a package and what it installs.
    pub fn verify_all(&self, package: &Path) -> Result<()> {
        self.verify(package)?;
        let mut extract = Command::new("msiextract");
        extract.arg("--directory").arg(self.file("files"));
        extract.arg(package).stdout(Stdio::null()).run()?;
        self.verify(&self.file("files/Eidetic/Agent/eidetic-agent.exe"))?;
        let library = self.file("actions.dll");
        let mut extract = Command::new("msiinfo");
        extract.arg("extract").arg(package).arg("Binary.Actions");
        extract.stdout(fs::File::create(&library)?).run()?;
        self.verify(&library)
    }

    fn refuses(&self) -> Result<()> {
        let (pem, key) = ("certificate.pem", "certificate.key");
        for (signing, why) in [
            (
                self.with(pem, key, Some("wrong")),
                "its password is not the first line",
            ),
            (self.with(pem, key, None), "--password-file"),
            (
                self.with(pem, "another.key", Some("password")),
                "is not the key of",
            ),
            (
                self.with(key, key, Some("password")),
                "is not a certificate in PEM",
            ),
            (self.with("none.pem", key, Some("password")), "none.pem"),
            (self.with(pem, "none.key", Some("password")), "none.key"),
            (self.with(pem, key, Some("none")), "none"),
        ] {
            let refused = signing.check().err();
            let told = refused
                .map(|error| format!("{error:#}"))
                .unwrap_or_default();
            ensure!(told.contains(why), "not refused because {why:?}: {told:?}");
        }
        self.signing().check()
    }

    fn with(&self, certificate: &str, key: &str, password: Option<&str>) -> Signing {
        Signing {
            certificate: Some(self.file(certificate)),
            key: Some(self.file(key)),
            password_file: password.map(|name| self.file(name)),
            timestamp: None,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let _is_left = fs::remove_dir_all(&self.folder);
    }
}
