//! What of a computer somebody should look at, and what to do about it.

use std::time::Duration;

use eidetic_store::control::{AgentState, AgentStatus, Severity};

use super::{ComputerStatus, EventKind, Observed};

/// Something of a computer that somebody should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// Another computer has the same identity.
    Duplicate,
    /// Nothing is heard of it.
    NotResponding {
        /// For so long.
        silent_for: Duration,
    },
    /// The screen is not recorded for want of room in the spool.
    SpoolFull {
        /// What the spool takes on disk.
        bytes: u64,
    },
    /// Its clock shows another time than the server's.
    Clock {
        /// By so many microseconds it is ahead.
        ahead_micros: i64,
    },
    /// Its agent's disk is almost full.
    DiskLow {
        /// So much is free.
        free_bytes: u64,
    },
    /// A recorder uses more processor time than the plan allows.
    OverBudget {
        /// In thousandths of one core.
        used_permille: u32,
        /// What the plan allows, in percent of one core.
        allowed_percent: u8,
    },
    /// Much waits to be sent.
    Backlog {
        /// What the spool takes on disk.
        bytes: u64,
        /// Records that wait.
        entries: u64,
    },
    /// It does not follow its plan.
    PlanNotApplied,
    /// Something that it needs to record and deliver is not as it has to be.
    PrerequisitesUnmet {
        /// So many checks.
        unmet: usize,
    },
    /// More than one plan names it.
    PlanConflict {
        /// So many.
        plans: usize,
    },
}

/// What somebody should look at, the worst first.
pub(super) fn of(computer: &Observed<'_>) -> Vec<Concern> {
    let mut concerns = Vec::new();
    match computer.status() {
        ComputerStatus::Removed => return concerns,
        ComputerStatus::Duplicate => concerns.push(Concern::Duplicate),
        ComputerStatus::NotResponding => concerns.push(Concern::NotResponding {
            silent_for: computer.silent_for(),
        }),
        _ => {}
    }
    if let Some(said) = computer.says() {
        of_what_it_says(&said, computer, &mut concerns);
    }
    let unmet = computer.needed_and_unmet();
    if unmet > 0 {
        concerns.push(Concern::PrerequisitesUnmet { unmet });
    }
    if computer.plans_naming > 1 && computer.agent.state == AgentState::Active {
        concerns.push(Concern::PlanConflict {
            plans: computer.plans_naming,
        });
    }
    concerns.sort_by_key(|concern| std::cmp::Reverse(concern.severity()));
    concerns
}

fn of_what_it_says(said: &AgentStatus, computer: &Observed<'_>, concerns: &mut Vec<Concern>) {
    if said.spool_full {
        concerns.push(Concern::SpoolFull {
            bytes: said.spool_bytes,
        });
    }
    if let Some(free_bytes) = said.disk_free_bytes
        && free_bytes < LITTLE_DISK
    {
        concerns.push(Concern::DiskLow { free_bytes });
    }
    if let Some(ahead_micros) = said.clock_ahead_micros
        && ahead_micros.unsigned_abs() > CLOCKS_APART.as_micros() as u64
    {
        concerns.push(Concern::Clock { ahead_micros });
    }
    let allowed_percent = computer.plan.policy().max_cpu_percent();
    if let Some(used_permille) = said.busiest_recorder_permille
        && used_permille > highest_permille(allowed_percent)
    {
        concerns.push(Concern::OverBudget {
            used_permille,
            allowed_percent,
        });
    }
    if said.entries_waiting > MANY_ENTRIES || said.spool_bytes > LARGE_SPOOL {
        concerns.push(Concern::Backlog {
            bytes: said.spool_bytes,
            entries: said.entries_waiting,
        });
    }
    let connected_for = computer.connection.map_or(Duration::ZERO, |connection| {
        computer.now.saturating_since(connection.since)
    });
    if said.policy_revision != computer.plan.settings_revision() && connected_for > APPLIED_WITHIN {
        concerns.push(Concern::PlanNotApplied);
    }
}

/// Over a minute a recorder may use what the minute pays in and the ten seconds' worth that it had
/// saved, and the measurement is a little off.
fn highest_permille(allowed_percent: u8) -> u32 {
    u32::from(allowed_percent) * 10 * 125 / 100 + 5
}

impl Concern {
    /// What happens in the health log when it begins.
    pub const fn kind(self) -> EventKind {
        match self {
            Self::Duplicate => EventKind::Duplicate,
            Self::NotResponding { .. } => EventKind::NotResponding,
            Self::SpoolFull { .. } => EventKind::SpoolFull,
            Self::Clock { .. } => EventKind::Clock,
            Self::DiskLow { .. } => EventKind::AgentDiskLow,
            Self::OverBudget { .. } => EventKind::OverBudget,
            Self::Backlog { .. } => EventKind::Backlog,
            Self::PlanNotApplied => EventKind::PlanNotApplied,
            Self::PrerequisitesUnmet { .. } => EventKind::PrerequisitesUnmet,
            Self::PlanConflict { .. } => EventKind::PlanConflict,
        }
    }

    /// How bad it is.
    pub const fn severity(self) -> Severity {
        self.kind().severity()
    }

    /// What the matter is, for a person.
    pub fn explanation(self) -> String {
        match self {
            Self::Duplicate => ComputerStatus::Duplicate.explanation().to_owned(),
            Self::NotResponding { silent_for } => format!(
                "Nothing has been heard of its agent for {}.",
                span(silent_for)
            ),
            Self::SpoolFull { bytes } => format!(
                "The spool is full ({}): activity is recorded, the screen is not.",
                size(bytes)
            ),
            Self::Clock { ahead_micros } => {
                let apart = Duration::from_micros(ahead_micros.unsigned_abs());
                let which = if ahead_micros > 0 {
                    "ahead of"
                } else {
                    "behind"
                };
                format!("Its clock is {} {which} the server's.", span(apart))
            }
            Self::DiskLow { free_bytes } => format!(
                "The disk of the agent's folder has {} left.",
                size(free_bytes)
            ),
            Self::OverBudget {
                used_permille,
                allowed_percent,
            } => format!(
                "A recorder used {:.1} % of a core over the last minute; its plan allows {allowed_percent} %.",
                f64::from(used_permille) / 10.0
            ),
            Self::Backlog { bytes, entries } => format!(
                "{entries} records wait to be sent, and the spool takes {}.",
                size(bytes)
            ),
            Self::PlanNotApplied => {
                "Its agent has not said that it follows its plan as it is now.".to_owned()
            }
            Self::PrerequisitesUnmet { unmet: 1 } => {
                "Something that its agent needs is not as it has to be.".to_owned()
            }
            Self::PrerequisitesUnmet { unmet } => {
                format!("{unmet} things that its agent needs are not as they have to be.")
            }
            Self::PlanConflict { plans } => {
                format!("{plans} plans name it: it follows the first of them.")
            }
        }
    }

    /// What to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Duplicate => ComputerStatus::Duplicate.advice(),
            Self::NotResponding { .. } => ComputerStatus::NotResponding.advice(),
            Self::SpoolFull { .. } => {
                "See that the agent reaches the server fast enough, or give the spool more room in \
                 the plan."
            }
            Self::Clock { .. } => {
                "Have the computer and the server follow the same time server: times in records \
                 are those of the computer."
            }
            Self::DiskLow { .. } => "Make room on the computer's disk.",
            Self::OverBudget { .. } => {
                "Lower the frame rate or the quality in the plan, or allow more processor time."
            }
            Self::Backlog { .. } => {
                "If it grows, the link to the server is too slow for what is recorded: lower the \
                 frame rate or the quality in the plan."
            }
            Self::PlanNotApplied => {
                "If it stays so, see the agent's log, and upgrade the agent if it is older than \
                 the server."
            }
            Self::PrerequisitesUnmet { .. } => {
                "See under Prerequisites what each of them is, and how to mend it; a plan can have \
                 its agents mend what can be mended safely."
            }
            Self::PlanConflict { .. } => "Decide on the page Plans which of them shall name it.",
        }
    }
}

/// A length of time, for a person.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=119 => format!("{seconds} seconds"),
        120..=7_199 => format!("{} minutes", seconds / 60),
        7_200..=172_799 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A number of bytes, for a person.
pub(crate) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return match unit {
                "bytes" => format!("{bytes} bytes"),
                _ => format!("{value:.1} {unit}"),
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

const CLOCKS_APART: Duration = Duration::from_secs(10);
const LITTLE_DISK: u64 = 1 << 30;
const MANY_ENTRIES: u64 = 20_000;
const LARGE_SPOOL: u64 = 1 << 30;
const APPLIED_WITHIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::{super::observed::tests::Case, *};

    #[test]
    fn a_healthy_computer_is_of_no_concern() {
        assert_eq!(Case::connected().observed(Observed::concerns), []);
    }

    #[test]
    fn each_concern_follows_from_what_is_known() {
        let check = |change: &dyn Fn(&mut Case), expected: Concern| {
            let mut case = Case::connected();
            change(&mut case);
            let concerns = case.observed(Observed::concerns);
            assert_eq!(concerns, [expected]);
            assert!(expected.explanation().ends_with('.'));
            assert!(expected.advice().len() > 10);
        };
        check(&|case| case.copy(), Concern::Duplicate);
        check(
            &|case| case.away_for(90),
            Concern::NotResponding {
                silent_for: Duration::from_secs(90),
            },
        );
        check(
            &|case| case.says().spool_full = true,
            Concern::SpoolFull { bytes: 0 },
        );
        check(
            &|case| case.says().clock_ahead_micros = Some(-11_000_000),
            Concern::Clock {
                ahead_micros: -11_000_000,
            },
        );
        check(
            &|case| case.says().disk_free_bytes = Some(5),
            Concern::DiskLow { free_bytes: 5 },
        );
        check(
            &|case| case.says().busiest_recorder_permille = Some(70),
            Concern::OverBudget {
                used_permille: 70,
                allowed_percent: 5,
            },
        );
        check(
            &|case| case.says().entries_waiting = 20_001,
            Concern::Backlog {
                bytes: 0,
                entries: 20_001,
            },
        );
        check(
            &|case| case.finds_unmet(&["agent-folder", "of-a-newer-agent"]),
            Concern::PrerequisitesUnmet { unmet: 2 },
        );
        check(
            &|case| case.says().policy_revision = 77,
            Concern::PlanNotApplied,
        );
    }

    #[test]
    fn what_is_within_its_limits_is_of_no_concern() {
        let mut case = Case::connected();
        let says = case.says();
        says.clock_ahead_micros = Some(9_000_000);
        says.busiest_recorder_permille = Some(60);
        says.disk_free_bytes = Some(2 << 30);
        assert_eq!(case.observed(Observed::concerns), []);
    }

    #[test]
    fn the_worst_comes_first_and_a_removed_computer_is_of_no_concern() {
        let mut case = Case::connected();
        case.says().clock_ahead_micros = Some(60_000_000);
        case.says().spool_full = true;
        let concerns = case.observed(Observed::concerns);
        let severities: Vec<_> = concerns.iter().map(|concern| concern.severity()).collect();
        assert_eq!(severities, [Severity::Error, Severity::Warning]);
        case.agent.state = AgentState::Removed;
        assert_eq!(case.observed(Observed::concerns), []);
    }

    #[test]
    fn spans_and_sizes_are_for_people() {
        assert_eq!(span(Duration::from_secs(119)), "119 seconds");
        assert_eq!(span(Duration::from_secs(7_199)), "119 minutes");
        assert_eq!(span(Duration::from_secs(200_000)), "2 days");
        assert_eq!((&*size(1023), &*size(1536)), ("1023 bytes", "1.5 KiB"));
    }
}
