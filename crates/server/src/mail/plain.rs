//! The daily mail as text.

use std::fmt::Write as _;

use eidetic_model::Timestamp;
use eidetic_store::control::Severity;

use super::{
    letter::Letter,
    summary::{Stored, Summary, Told},
};
use crate::health::concern::size;

/// The mail that tells this, with links to the console at `console_url` if that is not empty.
pub fn letter(summary: &Summary, console_url: &str) -> Letter {
    Letter {
        subject: subject(summary),
        plain: text(summary, console_url),
        html: super::html::page(summary, console_url),
        written: summary.now,
        name: format!("daily-{}", summary.since.as_unix_micros()),
    }
}

fn subject(summary: &Summary) -> String {
    let look = match summary.attention.len() {
        0 => "all computers are well".to_owned(),
        1 => "one computer needs attention".to_owned(),
        count => format!("{count} computers need attention"),
    };
    format!("Eidetic, {}: {look}", day(summary.now))
}

fn text(summary: &Summary, console_url: &str) -> String {
    let mut out = Text(String::new());
    out.line(&format!(
        "Eidetic from {} to {} (UTC)",
        moment(summary.since),
        moment(summary.now)
    ));
    out.head("Activity records");
    for line in records(summary) {
        out.line(&line);
    }
    out.head("Computers");
    if summary.by_status.is_empty() {
        out.line("There is none.");
    }
    for (status, count) in &summary.by_status {
        out.line(&format!("{count} {}", status.word()));
    }
    if !summary.attention.is_empty() {
        out.head("Need attention");
    }
    for one in summary.attention.iter().take(MOST_COMPUTERS) {
        out.line(&format!(
            "* {} ({}; plan: {})",
            one.computer,
            one.status.word(),
            one.plan
        ));
        for matter in &one.concerns {
            let worst = severity(matter.severity);
            out.line(&format!("  {worst}: {}", matter.explanation));
            out.line(&format!("  What to do: {}", matter.advice));
        }
    }
    out.more(summary.attention.len(), MOST_COMPUTERS);
    if !summary.unmet.is_empty() {
        out.head("Prerequisites unmet");
    }
    for one in summary.unmet.iter().take(MOST_COMPUTERS) {
        out.line(&format!("* {}: {}", one.computer, one.checks.join("; ")));
    }
    out.more(summary.unmet.len(), MOST_COMPUTERS);
    out.head("Gaps in recordings");
    out.line(&gaps(summary.gaps));
    summary.latest_gaps.iter().for_each(|gap| out.told(gap));
    out.head("Health log");
    out.line(&counts(summary));
    summary.worst.iter().for_each(|event| out.told(event));
    out.head("Database and archive");
    for line in stored(&summary.stored) {
        out.line(&line);
    }
    if !console_url.is_empty() {
        out.line("");
        out.line(&format!("{console_url}/dashboard"));
    }
    out.0
}

/// A text of lines.
struct Text(String);

impl Text {
    /// What computers say of themselves does not break out of its line.
    fn line(&mut self, line: &str) {
        let clean = line.chars().map(|c| if c.is_control() { ' ' } else { c });
        self.0.extend(clean);
        self.0.push('\n');
    }

    fn head(&mut self, title: &str) {
        let _in_memory = writeln!(self.0, "\n{title}\n{}", "-".repeat(title.len()));
    }

    fn told(&mut self, event: &Told) {
        let computer = match &*event.computer {
            "" => String::new(),
            computer => format!("{computer}: "),
        };
        self.line(&format!(
            "* {} {} {} - {computer}{}",
            moment(event.when),
            severity(event.severity),
            event.kind,
            event.text
        ));
    }

    fn more(&mut self, all: usize, shown: usize) {
        if all > shown {
            self.line(&format!("and {} more, on the page Computers", all - shown));
        }
    }
}

pub(super) fn records(summary: &Summary) -> Vec<String> {
    let records = &summary.records;
    vec![
        format!("{} on the day before (UTC)", records.yesterday),
        format!("{} today until now", records.today),
        format!("{} a day on average over the last week", records.average),
    ]
}

pub(super) fn counts(summary: &Summary) -> String {
    let counts = summary.counts;
    let many = |count: u64, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    [
        many(counts.error, "error"),
        many(counts.warning, "warning"),
        many(counts.information, "note"),
    ]
    .join(", ")
}

pub(super) fn gaps(count: usize) -> String {
    match count {
        0 => "There was none.".to_owned(),
        1 => "There was one.".to_owned(),
        count => format!("There were {count}."),
    }
}

pub(super) fn stored(stored: &Stored) -> Vec<String> {
    let grown = |more: Option<i64>| match more {
        None => String::new(),
        Some(more) => {
            let sign = if more < 0 { '-' } else { '+' };
            format!(
                " ({sign}{} since the day before)",
                size(more.unsigned_abs())
            )
        }
    };
    let mut lines = vec![
        format!(
            "Activity records: {} in {}{}",
            stored.records,
            size(stored.audit_bytes),
            grown(stored.grown.map(|(audit, _)| audit))
        ),
        format!(
            "Recordings: {}{}",
            size(stored.segment_bytes),
            grown(stored.grown.map(|(_, segments)| segments))
        ),
    ];
    if let Some(free) = stored.free_bytes {
        lines.push(format!("Free on the disk: {}", size(free)));
    }
    lines.push(match stored.full_in_days {
        None => "The disk does not fill, as it is now.".to_owned(),
        Some(days) if days < 1.0 => "The disk is full in less than a day.".to_owned(),
        Some(days) => format!("The disk is full in {days:.0} days if it goes on like this."),
    });
    lines
}

pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Information => "Note",
        Severity::Warning => "Warning",
        Severity::Error => "Error",
    }
}

pub(super) fn day(time: Timestamp) -> String {
    written(time, "%d %b %Y")
}

pub(super) fn moment(time: Timestamp) -> String {
    written(time, "%d %b %Y %H:%M")
}

fn written(time: Timestamp, how: &str) -> String {
    jiff::Timestamp::from_microsecond(time.as_unix_micros())
        .map(|time| time.strftime(how).to_string())
        .unwrap_or_default()
}

/// A mail that lists more is not read.
pub(super) const MOST_COMPUTERS: usize = 30;

#[cfg(test)]
mod tests {
    use eidetic_store::control::HealthCounts;

    use super::{
        super::summary::{Attention, Matter, RecordsOfDay, Unmet},
        *,
    };
    use crate::health::ComputerStatus;

    fn summary() -> Summary {
        let now = Timestamp::from_unix_micros(1_767_225_600_000_000);
        Summary {
            since: Timestamp::from_unix_micros(1_767_139_200_000_000),
            now,
            records: RecordsOfDay {
                yesterday: 7_000,
                today: 12,
                average: 1_000,
            },
            by_status: vec![(ComputerStatus::NotResponding, 1)],
            attention: vec![Attention {
                computer: "<b>RDS01</b>\nSubject: x".into(),
                agent: "a".into(),
                plan: "R&D".into(),
                status: ComputerStatus::NotResponding,
                concerns: vec![Matter {
                    severity: Severity::Warning,
                    explanation: "Nothing is heard.".into(),
                    advice: "See that it is on.",
                }],
            }],
            counts: HealthCounts {
                information: 3,
                warning: 1,
                error: 0,
            },
            worst: vec![],
            unmet: vec![Unmet {
                computer: "RDS01".into(),
                checks: vec!["The clock is right".into()],
            }],
            gaps: 0,
            latest_gaps: vec![],
            stored: Stored {
                records: 9,
                audit_bytes: 2_048,
                segment_bytes: 1 << 30,
                grown: Some((1_024, -512)),
                free_bytes: Some(1 << 40),
                full_in_days: Some(12.2),
            },
        }
    }

    #[test]
    fn the_text_tells_all_of_it_on_lines_of_their_own() {
        let letter = letter(&summary(), "https://host:9443");
        assert_eq!(
            letter.subject,
            "Eidetic, 01 Jan 2026: one computer needs attention"
        );
        for line in [
            "Eidetic from 31 Dec 2025 00:00 to 01 Jan 2026 00:00 (UTC)",
            "7000 on the day before (UTC)",
            "1 Not responding",
            "* <b>RDS01</b> Subject: x (Not responding; plan: R&D)",
            "  Warning: Nothing is heard.",
            "  What to do: See that it is on.",
            "* RDS01: The clock is right",
            "There was none.",
            "0 errors, 1 warning, 3 notes",
            "Activity records: 9 in 2.0 KiB (+1.0 KiB since the day before)",
            "Recordings: 1.0 GiB (-512 bytes since the day before)",
            "The disk is full in 12 days if it goes on like this.",
            "https://host:9443/dashboard",
        ] {
            let found = letter.plain.lines().any(|other| other == line);
            assert!(found, "{line:?} in\n{}", letter.plain);
        }
    }

    #[test]
    fn the_page_escapes_what_computers_and_people_named() {
        let html = letter(&summary(), "https://host:9443").html;
        assert!(html.contains("&lt;b&gt;RDS01&lt;/b&gt;"), "{html}");
        assert!(html.contains("R&amp;D"));
        assert!(!html.contains("<b>RDS01"));
        assert!(html.contains("href=\"https://host:9443/computers/a\""));
        assert!(!letter(&summary(), "").html.contains("href"));
    }
}
