//! What a check is.

use std::fmt;

/// A prerequisite, as it is listed.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What it is called everywhere, for good.
    pub id: CheckId,
    /// What has to be, in a few words.
    pub title: &'static str,
    /// What it means, and what does not work without it.
    pub meaning: &'static str,
    /// On which computer it is looked at.
    pub place: Place,
    /// On which systems.
    pub systems: Systems,
    /// What needs it.
    pub need: Need,
    /// How to mend it by hand: lines of text and commands, with the names of an
    /// [`Installation`](crate::Installation) in braces.
    pub by_hand: &'static [&'static str],
    /// What `--fix` and the automatic mode do; nothing if it has to be mended by hand.
    pub mended: Option<&'static str>,
}

/// The name of a check. Never reused, never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckId {
    /// The agent's service.
    AgentService,
    /// The agent's folder.
    AgentFolder,
    /// Room for what the agent keeps.
    SpoolSpace,
    /// TCP 9004 to the server.
    ServerReachable,
    /// The agent's clock beside the server's.
    ClockInStep,
    /// The agent's certificate.
    AgentCertificate,
    /// Who is logged on.
    Logind,
    /// The displays of those who are.
    XAccess,
    /// TCP 9003 into the agent's computer.
    ControlPort,
    /// The agent's own side of TCP 9003.
    ControlListener,
    /// Windows Management Instrumentation.
    WmiService,
    /// Remote Registry.
    RemoteRegistryService,
    /// The firewall for shares.
    FileSharingFirewall,
    /// The firewall for WMI.
    WmiFirewall,
    /// `ADMIN$` and its like.
    AdministrativeShares,
    /// SSH.
    Ssh,
    /// sudo.
    Sudo,
    /// The server's service.
    ServerService,
    /// TCP 9004 on the server.
    ServerPort,
    /// The server's firewall.
    ServerFirewall,
    /// The server's data folder.
    DataFolder,
    /// Room for what the server keeps.
    DataSpace,
    /// The certificate that agents see.
    ServerCertificate,
    /// The certificate that browsers see.
    ConsoleCertificate,
    /// The server's clock.
    ServerClock,
}

/// On which computer a check is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A monitored computer.
    Agent,
    /// The server.
    Server,
}

/// On which systems a check is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Systems {
    /// Linux and Windows.
    All,
    /// Linux only.
    Linux,
    /// Windows only.
    Windows,
}

/// What needs a prerequisite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Recording and delivering.
    Always,
    /// Recording the screen.
    Screen,
    /// Installing the agent from the server, and nothing after that.
    PushInstallation,
    /// Calls of the server to the agent, without which it works too.
    ControlCalls,
}

impl CheckId {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::AgentService,
        Self::AgentFolder,
        Self::SpoolSpace,
        Self::ServerReachable,
        Self::ClockInStep,
        Self::AgentCertificate,
        Self::Logind,
        Self::XAccess,
        Self::ControlPort,
        Self::ControlListener,
        Self::WmiService,
        Self::RemoteRegistryService,
        Self::FileSharingFirewall,
        Self::WmiFirewall,
        Self::AdministrativeShares,
        Self::Ssh,
        Self::Sudo,
        Self::ServerService,
        Self::ServerPort,
        Self::ServerFirewall,
        Self::DataFolder,
        Self::DataSpace,
        Self::ServerCertificate,
        Self::ConsoleCertificate,
        Self::ServerClock,
    ];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentService => "agent-service",
            Self::AgentFolder => "agent-folder",
            Self::SpoolSpace => "spool-space",
            Self::ServerReachable => "server-reachable",
            Self::ClockInStep => "clock-in-step",
            Self::AgentCertificate => "agent-certificate",
            Self::Logind => "logind",
            Self::XAccess => "x-access",
            Self::ControlPort => "control-port",
            Self::ControlListener => "control-listener",
            Self::WmiService => "wmi-service",
            Self::RemoteRegistryService => "remote-registry-service",
            Self::FileSharingFirewall => "file-sharing-firewall",
            Self::WmiFirewall => "wmi-firewall",
            Self::AdministrativeShares => "administrative-shares",
            Self::Ssh => "ssh",
            Self::Sudo => "sudo",
            Self::ServerService => "server-service",
            Self::ServerPort => "server-port",
            Self::ServerFirewall => "server-firewall",
            Self::DataFolder => "data-folder",
            Self::DataSpace => "data-space",
            Self::ServerCertificate => "server-certificate",
            Self::ConsoleCertificate => "console-certificate",
            Self::ServerClock => "server-clock",
        }
    }

    /// The check that is called so.
    pub fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.as_str() == name)
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Need {
    /// The word for it, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Screen => "screen",
            Self::PushInstallation => "push_installation",
            Self::ControlCalls => "control_calls",
        }
    }

    /// Words for it, for people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Always => "recording and delivering",
            Self::Screen => "recording the screen",
            Self::PushInstallation => "push installation only",
            Self::ControlCalls => "calls of the server to the agent only",
        }
    }

    /// Whether an agent that is installed needs it.
    pub const fn is_lasting(self) -> bool {
        matches!(self, Self::Always | Self::Screen)
    }
}
