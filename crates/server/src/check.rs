//! Whether this computer is as the server needs it: `eidetic-server check`.

use std::{net::SocketAddr, path::Path};

use eidetic_checks::{
    Answer, CONTROL_PORT, CannotTell, Certificate, Finding, Installation, Report, Scope,
    ServerFacts, System, Verdict, examine_server, mend_server, system::ThisComputer,
};
use eidetic_model::{Clock, Timestamp};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    config::{Config, ConsoleCertificate},
    folder::Endpoints,
};

/// What was found, as it is printed, and the exit code.
#[derive(Debug)]
pub struct Checked {
    /// A table and explanations, or JSON.
    pub text: String,
    /// 0 if all is good, 1 if something is unmet, 2 if something could not be found out.
    pub exit_code: std::process::ExitCode,
}

/// How what was found is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Where everything of this server is.
pub fn installation(config: &Config) -> Installation {
    let program = std::env::current_exe().unwrap_or_else(|_| "eidetic-server".into());
    Installation {
        system: System::THIS,
        program: program.display().to_string(),
        folder: config.data_folder.display().to_string(),
        service: SERVICE.to_owned(),
        server: config.host_names[0].clone(),
        port: agents_listen(config).port(),
        control_port: CONTROL_PORT,
        console_port: config.console_listen.port(),
    }
}

/// Looks at this computer, and mends what can be mended safely, if `fix` says so.
pub fn run(config: &Config, clock: &dyn Clock, fix: bool, form: Form) -> Checked {
    let installation = installation(config);
    let facts = facts(config);
    let look = || examine_server(&ThisComputer, &facts, &installation, clock.wall());
    let mut findings = look();
    let mut adjustments = Vec::new();
    if fix {
        let is_unmet = |found: &&Finding| found.verdict == Verdict::Unmet;
        let unmet = findings.iter().filter(is_unmet);
        adjustments.extend(unmet.filter_map(|found| {
            mend_server(found, &ThisComputer, &facts, &installation, clock.wall())
        }));
        if !adjustments.is_empty() {
            findings = look();
        }
    }
    let report = Report {
        computer: &config.host_names[0],
        scope: Scope::Lasting,
        findings: &findings,
        adjustments: &adjustments,
        installation: &installation,
    };
    Checked {
        text: match form {
            Form::Table => report.to_text(),
            Form::Json => report.to_json(),
        },
        exit_code: report.exit_code(),
    }
}

fn facts(config: &Config) -> ServerFacts {
    let pki = config.data_folder.join("pki");
    ServerFacts {
        agents_listen: agents_listen(config),
        server_certificate: certificate(&pki.join("gateway.pem")),
        console_certificate: match &config.console_certificate {
            ConsoleCertificate::Own => certificate(&pki.join("console.pem")),
            ConsoleCertificate::Operators(files) => certificate(&files.chain),
        },
    }
}

/// Where the server that runs listens, or where it is to.
fn agents_listen(config: &Config) -> SocketAddr {
    let running = std::fs::read(config.data_folder.join("run/endpoints.json")).ok();
    let running = running.and_then(|text| serde_json::from_slice::<Endpoints>(&text).ok());
    let running = running.and_then(|endpoints| endpoints.agents.parse().ok());
    running.unwrap_or(config.agents_listen)
}

/// From when until when the first certificate in a file is valid; nothing if there is no file.
fn certificate(path: &Path) -> Answer<Option<Certificate>> {
    let cannot_tell = |reason: String| CannotTell(format!("{}: {reason}", path.display()));
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_tell(error.to_string())),
    };
    let first = CertificateDer::pem_slice_iter(&text).next();
    let first = first.ok_or_else(|| cannot_tell("there is no certificate in it".to_owned()))?;
    let first = first.map_err(|error| cannot_tell(error.to_string()))?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&first)
        .map_err(|error| cannot_tell(error.to_string()))?;
    let validity = parsed.validity();
    let time = |secs: i64| Timestamp::from_unix_micros(secs.saturating_mul(1_000_000));
    Ok(Some(Certificate {
        from: time(validity.not_before.timestamp()),
        until: time(validity.not_after.timestamp()),
    }))
}

const SERVICE: &str = "eidetic-server";
