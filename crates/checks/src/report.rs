//! What was found on one computer, for people and for programs.

use std::{fmt::Write as _, process::ExitCode};

use serde::Serialize;

use crate::{
    catalogue::check,
    examine::{Finding, Verdict},
    exclusions::Exclusions,
    installation::Installation,
    mend::{Adjusted, Adjustment},
};

/// Which prerequisites count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that an installed agent, or a server, needs.
    Lasting,
    /// Those of push installation and control calls, too.
    Everything,
}

/// What was found on one computer.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The computer.
    pub computer: &'a str,
    /// Which prerequisites count.
    pub scope: Scope,
    /// What was found, after the changes.
    pub findings: &'a [Finding],
    /// What was changed.
    pub adjustments: &'a [Adjustment],
    /// Where everything is.
    pub installation: &'a Installation,
}

/// How a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Met,
    Unmet,
    Unknown,
    /// Unmet or unknown, and nothing here needs it.
    NotNeeded,
}

impl Scope {
    /// Whether a prerequisite counts.
    pub fn includes(self, id: crate::CheckId) -> bool {
        self == Self::Everything || check(id).need.is_lasting()
    }
}

impl Report<'_> {
    /// 0 if all is good, 1 if something is unmet, 2 if something could not be found out.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    fn code(&self) -> u8 {
        let counts: Vec<_> = self
            .findings
            .iter()
            .map(|found| self.counts(found))
            .collect();
        if counts.contains(&Counts::Unmet) {
            1
        } else if counts.contains(&Counts::Unknown) {
            2
        } else {
            0
        }
    }

    /// A table, then for what is unmet what it means and how to mend it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        for finding in self.findings {
            let word = match self.counts(finding) {
                Counts::Met => "ok",
                Counts::Unmet => "UNMET",
                Counts::Unknown => "unknown",
                Counts::NotNeeded => "not needed",
            };
            let _ = writeln!(text, "{word:<10}  {:<24}  {}", finding.check, finding.found);
        }
        for adjustment in self.adjustments {
            let what = match &adjustment.outcome {
                Adjusted::Mended => "mended".to_owned(),
                Adjusted::UnderWay => "changed, takes its time".to_owned(),
                Adjusted::Failed(reason) => format!("not mended: {reason}"),
            };
            let _ = writeln!(
                text,
                "\n{}: {what}\n  before: {}\n  after:  {}",
                adjustment.check, adjustment.before, adjustment.after
            );
        }
        let to_tell = [Counts::Unmet, Counts::Unknown];
        for finding in self
            .findings
            .iter()
            .filter(|f| to_tell.contains(&self.counts(f)))
        {
            let check = check(finding.check);
            let fill = |line: &str| self.installation.fill(line);
            let _ = writeln!(text, "\n{}: {}", finding.check, fill(check.title));
            let _ = writeln!(text, "  {}", fill(check.meaning));
            let _ = writeln!(text, "  Needed for: {}.", check.need.in_words());
            for line in self.installation.by_hand(check) {
                let _ = writeln!(text, "  - {line}");
            }
            if let Some(mended) = check.mended
                && self
                    .adjustments
                    .iter()
                    .all(|done| done.check != finding.check)
            {
                let _ = writeln!(text, "  `--fix` does it: {mended}.");
            }
        }
        text
    }

    /// The same as JSON.
    pub fn to_json(&self) -> String {
        let written = Written {
            computer: self.computer,
            exit_code: self.code(),
            checks: self
                .findings
                .iter()
                .map(|found| self.written(found))
                .collect(),
            adjustments: self.adjustments.iter().map(written_adjustment).collect(),
            exclusions: Exclusions::of(self.installation).into(),
        };
        serde_json::to_string_pretty(&written).expect("texts and numbers can be written")
    }

    fn counts(&self, finding: &Finding) -> Counts {
        match finding.verdict {
            Verdict::Met => Counts::Met,
            _ if !self.scope.includes(finding.check) => Counts::NotNeeded,
            Verdict::Unmet => Counts::Unmet,
            Verdict::Unknown => Counts::Unknown,
        }
    }

    fn written(&self, finding: &Finding) -> WrittenCheck {
        let check = check(finding.check);
        let fill = |line: &str| self.installation.fill(line);
        WrittenCheck {
            id: check.id.as_str(),
            verdict: finding.verdict.as_str(),
            found: finding.found.clone(),
            title: fill(check.title),
            meaning: fill(check.meaning),
            need: check.need.as_str(),
            counts: self.scope.includes(check.id),
            by_hand: self.installation.by_hand(check),
            can_be_mended: check.mended.is_some(),
        }
    }
}

fn written_adjustment(adjustment: &Adjustment) -> WrittenAdjustment<'_> {
    let (outcome, problem) = match &adjustment.outcome {
        Adjusted::Mended => ("mended", None),
        Adjusted::UnderWay => ("under_way", None),
        Adjusted::Failed(reason) => ("failed", Some(&**reason)),
    };
    WrittenAdjustment {
        id: adjustment.check.as_str(),
        before: &adjustment.before,
        after: &adjustment.after,
        outcome,
        problem,
    }
}

#[derive(Serialize)]
struct Written<'a> {
    computer: &'a str,
    exit_code: u8,
    checks: Vec<WrittenCheck>,
    adjustments: Vec<WrittenAdjustment<'a>>,
    exclusions: WrittenExclusions,
}

#[derive(Serialize)]
struct WrittenCheck {
    id: &'static str,
    verdict: &'static str,
    found: String,
    title: String,
    meaning: String,
    need: &'static str,
    counts: bool,
    by_hand: Vec<String>,
    can_be_mended: bool,
}

#[derive(Serialize)]
struct WrittenAdjustment<'a> {
    id: &'static str,
    before: &'a str,
    after: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct WrittenExclusions {
    folders: Vec<String>,
    programs: Vec<String>,
    defender: String,
}

impl From<Exclusions> for WrittenExclusions {
    fn from(exclusions: Exclusions) -> Self {
        let defender = exclusions.defender();
        let Exclusions { folders, programs } = exclusions;
        Self {
            folders,
            programs,
            defender,
        }
    }
}
