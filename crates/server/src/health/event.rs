//! The kinds of events in the health log.

use eidetic_store::control::Severity;

/// What kind of event something is. Names are stored and in the API: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// The server began to work.
    ServerStarted,
    /// The server was stopped.
    ServerStopped,
    /// An agent was enrolled.
    Enrolled,
    /// An agent is heard of again, or for the first time.
    Responds,
    /// Nothing is heard of an agent.
    NotResponding,
    /// Two computers have one identity.
    Duplicate,
    /// A recording has a gap.
    Gap,
    /// A user could not be told of being monitored.
    NotNotified,
    /// An agent has no room for the screen.
    SpoolFull,
    /// Much waits at an agent.
    Backlog,
    /// The clocks of an agent and the server are apart.
    Clock,
    /// An agent's disk is almost full.
    AgentDiskLow,
    /// A recorder uses more than its plan allows.
    OverBudget,
    /// An agent does not follow its plan.
    PlanNotApplied,
    /// Several plans name a computer.
    PlanConflict,
    /// What was of concern is not any more.
    Resolved,
    /// An administrator changed a plan.
    PlanChanged,
    /// A prerequisite was adjusted.
    PrerequisiteAdjusted,
    /// A prerequisite could not be adjusted.
    PrerequisiteNotMended,
    /// Prerequisites of a computer are unmet.
    PrerequisitesUnmet,
    /// The server's disk is almost full.
    DiskLow,
    /// A certificate of the server expires soon.
    CertificateExpires,
    /// A mail could not be sent.
    MailFailed,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::ServerStarted,
        Self::ServerStopped,
        Self::Enrolled,
        Self::Responds,
        Self::NotResponding,
        Self::Duplicate,
        Self::Gap,
        Self::NotNotified,
        Self::SpoolFull,
        Self::Backlog,
        Self::Clock,
        Self::AgentDiskLow,
        Self::OverBudget,
        Self::PlanNotApplied,
        Self::PlanConflict,
        Self::Resolved,
        Self::PlanChanged,
        Self::PrerequisiteAdjusted,
        Self::PrerequisiteNotMended,
        Self::PrerequisitesUnmet,
        Self::DiskLow,
        Self::CertificateExpires,
        Self::MailFailed,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerStarted => "server_started",
            Self::ServerStopped => "server_stopped",
            Self::Enrolled => "enrolled",
            Self::Responds => "responds",
            Self::NotResponding => "not_responding",
            Self::Duplicate => "duplicate",
            Self::Gap => "gap",
            Self::NotNotified => "not_notified",
            Self::SpoolFull => "spool_full",
            Self::Backlog => "backlog",
            Self::Clock => "clock",
            Self::AgentDiskLow => "agent_disk_low",
            Self::OverBudget => "over_budget",
            Self::PlanNotApplied => "plan_not_applied",
            Self::PlanConflict => "plan_conflict",
            Self::Resolved => "resolved",
            Self::PlanChanged => "plan_changed",
            Self::PrerequisiteAdjusted => "prerequisite_adjusted",
            Self::PrerequisiteNotMended => "prerequisite_not_mended",
            Self::PrerequisitesUnmet => "prerequisites_unmet",
            Self::DiskLow => "disk_low",
            Self::CertificateExpires => "certificate_expires",
            Self::MailFailed => "mail_failed",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What people see.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ServerStarted => "Server started",
            Self::ServerStopped => "Server stopped",
            Self::Enrolled => "Computer enrolled",
            Self::Responds => "Agent responds",
            Self::NotResponding => "Agent not responding",
            Self::Duplicate => "Duplicate identity",
            Self::Gap => "Gap in a recording",
            Self::NotNotified => "User not notified",
            Self::SpoolFull => "Spool full",
            Self::Backlog => "Much waits to be sent",
            Self::Clock => "Clock off",
            Self::AgentDiskLow => "Agent's disk low",
            Self::OverBudget => "CPU budget not kept",
            Self::PlanNotApplied => "Plan not applied",
            Self::PlanConflict => "Several plans",
            Self::Resolved => "Resolved",
            Self::PlanChanged => "Plan changed",
            Self::PrerequisiteAdjusted => "Prerequisite adjusted",
            Self::PrerequisiteNotMended => "Prerequisite not mended",
            Self::PrerequisitesUnmet => "Prerequisites unmet",
            Self::DiskLow => "Server's disk low",
            Self::CertificateExpires => "Certificate expires",
            Self::MailFailed => "Mail not sent",
        }
    }

    /// How bad it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::ServerStarted
            | Self::ServerStopped
            | Self::Enrolled
            | Self::Responds
            | Self::Resolved
            | Self::PlanChanged
            | Self::PrerequisiteAdjusted => Severity::Information,
            Self::NotResponding
            | Self::NotNotified
            | Self::Backlog
            | Self::Clock
            | Self::AgentDiskLow
            | Self::OverBudget
            | Self::PlanNotApplied
            | Self::PlanConflict
            | Self::PrerequisiteNotMended
            | Self::PrerequisitesUnmet
            | Self::CertificateExpires
            | Self::MailFailed => Severity::Warning,
            Self::Duplicate | Self::Gap | Self::SpoolFull | Self::DiskLow => Severity::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_name_alone() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::named(kind.name()), Some(kind));
        }
        assert_eq!(EventKind::named("Server started"), None);
    }
}
