//! `eidetic-agent status`.

use std::{fmt::Write as _, fs, io, time::Duration};

use anyhow::Context as _;
use eidetic_model::{Clock as _, Timestamp};
use eidetic_runtime::SystemClock;

use crate::{service::status::StatusFile, state_folder::StateFolder};

/// Shows what the service last said of itself.
pub(super) fn run(folder: &StateFolder, json: bool) -> anyhow::Result<()> {
    let path = folder.status();
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            anyhow::bail!(
                "the service has never run with the state folder {}",
                folder.path().display()
            );
        }
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", path.display()));
        }
    };
    if json {
        print(&String::from_utf8_lossy(&bytes));
        return Ok(());
    }
    let status: StatusFile = serde_json::from_slice(&bytes).context("failed to read the status")?;
    print(&describe(&status, SystemClock.wall()));
    Ok(())
}

fn describe(status: &StatusFile, now: Timestamp) -> String {
    let mut text = String::new();
    let at = Timestamp::from_unix_micros(status.at_us);
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<10} {value}");
    };
    if status.connection == "stopped" {
        line("service", format!("not running; was stopped at {at}"));
    } else if now.saturating_since(at) > SILENT_AFTER {
        line("service", format!("not running; was alive at {at}"));
    } else {
        line("service", format!("running, process {}", status.process));
    }
    line("version", status.version.clone());
    let reason = status.reason.as_deref();
    line(
        "server",
        match reason {
            Some(reason) => format!("{}: {reason}", status.connection),
            None => status.connection.clone(),
        },
    );
    line("policy", format!("revision {}", status.policy_revision));
    line(
        "waiting",
        format!(
            "{} records and {} segments, {} bytes on disk",
            status.entries_waiting, status.segments_waiting, status.spool_bytes
        ),
    );
    if let Some(since) = &status.spool_full_since {
        line(
            "full",
            format!("since {since}: the screen is not recorded until the server takes what waits"),
        );
    }
    if let Some(port) = &status.control_port {
        line("calls", port.clone());
    }
    if let Some(since) = &status.stopped_since {
        line(
            "stopped",
            format!(
                "by an administrator at {since}: nothing is recorded until he lets it go on, or \
                 the service is started again"
            ),
        );
    }
    for session in &status.sessions {
        line(
            "session",
            format!(
                "{} on {}: {} since {}{}",
                session.who,
                session.display,
                session.recorder,
                session.start,
                session.slowed_to_millis.map(slowed).unwrap_or_default()
            ),
        );
    }
    text
}

/// What to say of a recorder whose frames come so many milliseconds apart.
fn slowed(millis: u64) -> String {
    let per_second = 1000.0 / millis.max(1) as f64;
    format!(", slowed to {per_second:.1} frames a second to keep the policy's CPU ceiling")
}

#[expect(
    clippy::print_stdout,
    reason = "the answer to the person at the terminal"
)]
fn print(text: &str) {
    println!("{}", text.trim_end());
}

/// The service says something every 5 seconds.
const SILENT_AFTER: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::status::SessionStatus;

    fn status() -> StatusFile {
        StatusFile {
            at_us: 1_000_000,
            version: "0.1.0".into(),
            process: 7,
            connection: "refused".into(),
            reason: Some("the certificate has expired: enrol again".into()),
            policy_revision: 3,
            sessions: Vec::new(),
            spool_bytes: 10,
            entries_waiting: 2,
            segments_waiting: 1,
            spool_full_since: None,
            control_port: None,
            stopped_since: None,
        }
    }

    #[test]
    fn a_slowed_recorder_is_told_and_an_older_service_says_nothing_of_it() {
        let session = r#"{"id": "1", "who": "HOST\\ann", "display": ":1", "start": "then",
            "recorder": "recording"}"#;
        let mut session: SessionStatus = serde_json::from_str(session).unwrap();
        let told = |session: &SessionStatus| {
            let sessions = vec![session.clone()];
            let status = StatusFile {
                sessions,
                ..status()
            };
            describe(&status, Timestamp::default())
        };
        let text = told(&session);
        assert!(
            text.contains("HOST\\ann on :1: recording since then\n"),
            "{text}"
        );
        session.slowed_to_millis = Some(750);
        let text = told(&session);
        assert!(text.contains("slowed to 1.3 frames a second"), "{text}");
    }

    #[test]
    fn a_refusal_says_what_to_do_and_a_silent_service_is_not_running() {
        let text = describe(&status(), Timestamp::from_unix_micros(2_000_000));
        assert!(text.contains("running, process 7"), "{text}");
        assert!(text.contains("refused: the certificate has expired: enrol again"));
        let text = describe(&status(), Timestamp::from_unix_micros(60_000_000));
        assert!(
            text.contains("not running; was alive at 1970-01-01"),
            "{text}"
        );
    }
}
