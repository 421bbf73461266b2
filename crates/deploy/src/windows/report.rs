//! What the program says of what it did: a line each, `key=value`, as the module `deployment` of
//! the agent writes it.

use super::explain;
use crate::{Computer, DeployError, Step};

/// What it has said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Report(Vec<(String, String)>);

impl Report {
    pub(super) fn read(text: &str) -> Self {
        let lines = text.lines().take(MOST_LINES);
        let pairs = lines.filter_map(|line| line.split_once('='));
        Self(
            pairs
                .map(|(key, value)| (key.to_owned(), shortened(value)))
                .collect(),
        )
    }

    /// Whether nothing follows.
    pub(super) fn is_over(&self) -> bool {
        self.value("done").is_some()
    }

    /// What was begun, in order.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        let steps = self.0.iter().filter(|(key, _)| key == "step");
        steps.filter_map(|(_, step)| match &**step {
            "installing" => Some(Step::Installing),
            "handing-over" => Some(Step::HandingOver),
            "starting" => Some(Step::Starting),
            "removing" => Some(Step::Removing),
            _ => None,
        })
    }

    /// The computer, as it was found.
    pub(super) fn computer(&self) -> Computer {
        let text = |key| self.value(key).unwrap_or_default().to_owned();
        let installed = self.value("installed").map(str::to_owned);
        Computer::windows(text("name"), text("system"), installed)
    }

    /// What was said in words.
    pub(super) fn said(&self) -> &str {
        self.value("said").unwrap_or_default()
    }

    /// Whether it did what it should.
    pub(super) fn outcome(self) -> Result<Self, DeployError> {
        match self.value("done") {
            Some("ok") => return Ok(self),
            Some(_) => {}
            None => {
                return Err(DeployError::Command {
                    attempt: "the installation",
                    said: "its program ended before it was done; a virus scanner may have ended \
                           it: except the agent there, and try again"
                        .to_owned(),
                });
            }
        }
        let code = self.value("exit").and_then(|code| code.parse().ok());
        Err(match code {
            Some(0 | 1641 | 3010) | None => DeployError::Command {
                attempt: match self.steps().last() {
                    Some(Step::HandingOver) => "telling the agent its server",
                    Some(Step::Starting) => "starting the service",
                    _ => "the installation",
                },
                said: self.said().to_owned(),
            },
            Some(explain::ANOTHER_INSTALLATION) => DeployError::AnotherInstallation,
            Some(code) => DeployError::Installer {
                code,
                meaning: explain::installer(code),
                said: match self.said() {
                    "" => String::new(),
                    said => format!(" It says: {said}"),
                },
            },
        })
    }

    fn value(&self, key: &str) -> Option<&str> {
        let mut lines = self.0.iter().filter(|(name, _)| name == key);
        lines.next_back().map(|(_, value)| &**value)
    }
}

fn shortened(value: &str) -> String {
    value
        .chars()
        .filter(|character| !character.is_control())
        .take(MOST_CHARACTERS)
        .collect()
}

/// Where it is.
pub(super) const FILE: &str = "report.txt";

/// What the program may leave beside it.
pub(super) const LEFT: &[&str] = &[FILE, "report.new", "install.log"];

const MOST_LINES: usize = 100;

const MOST_CHARACTERS: usize = 2_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_done_is_read() {
        let report = Report::read(
            "name=PC-1\nsystem=Windows 11 Pro\ninstalled=0.1.0\nstep=installing\nexit=0\n\
             step=handing-over\nstep=starting\ndone=ok\n",
        );
        let steps: Vec<_> = report.steps().collect();
        assert_eq!(steps, [Step::Installing, Step::HandingOver, Step::Starting]);
        let computer = report.outcome().unwrap().computer();
        assert_eq!(
            (&*computer.name, computer.installed.as_deref()),
            ("PC-1", Some("0.1.0"))
        );
    }

    #[test]
    fn what_went_wrong_is_told_with_its_meaning() {
        let told = |text: &str| Report::read(text).outcome().unwrap_err();
        let refused = told("exit=1603\nsaid=A newer version is installed.\ndone=failed\n");
        assert_eq!(refused.code(), "installer_failed");
        let text = refused.to_string();
        assert!(
            text.contains("1603") && text.contains("nothing is changed"),
            "{text}"
        );
        assert!(text.contains("A newer version is installed."), "{text}");
        assert!(told("exit=1618\ndone=failed").may_pass());
        assert!(
            told("step=installing")
                .to_string()
                .contains("virus scanner")
        );
        let refused = told("exit=0\nstep=handing-over\nsaid=no token\ndone=failed").to_string();
        assert!(
            refused.contains("telling the agent its server"),
            "{refused}"
        );
    }

    proptest! {
        #[test]
        fn whatever_it_says_is_read(text in ".{0,400}") {
            let report = Report::read(&text);
            let _steps = report.steps().count();
            let _computer = report.computer();
            let _outcome = report.outcome();
        }
    }
}
