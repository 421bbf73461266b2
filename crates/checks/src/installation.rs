//! Where the parts of this very installation are.

use crate::check::{Check, Systems};

/// Paths, names and ports, for instructions that can be pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The computer's system.
    pub system: System,
    /// The program.
    pub program: String,
    /// The folder in which agent or server keep everything.
    pub folder: String,
    /// The service's name.
    pub service: String,
    /// The host of the server.
    pub server: String,
    /// The port on which the server waits for agents.
    pub port: u16,
    /// The port on which an agent waits for its server's calls.
    pub control_port: u16,
    /// The port of the console.
    pub console_port: u16,
}

/// A system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
}

impl System {
    /// The one that this program runs on.
    pub const THIS: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Linux
    };

    /// The one that a computer says it has, such as "Windows 11 Pro (build 22631)".
    pub fn called(operating_system: &str) -> Self {
        match operating_system.contains("Windows") {
            true => Self::Windows,
            false => Self::Linux,
        }
    }

    /// Whether a check is looked at on it.
    pub(crate) const fn is_of(self, systems: Systems) -> bool {
        matches!(
            (systems, self),
            (Systems::All, _) | (Systems::Linux, Self::Linux) | (Systems::Windows, Self::Windows)
        )
    }
}

impl Installation {
    /// How to mend a check by hand, here.
    pub fn by_hand(&self, check: &Check) -> Vec<String> {
        let (own, other) = match self.system {
            System::Linux => ("Linux: ", "Windows: "),
            System::Windows => ("Windows: ", "Linux: "),
        };
        let lines = check.by_hand.iter().filter(|line| !line.starts_with(other));
        let lines = lines.map(|line| line.strip_prefix(own).unwrap_or(line));
        lines.map(|line| self.fill(line)).collect()
    }

    /// A line of instructions with this installation's names in it.
    pub fn fill(&self, line: &str) -> String {
        line.replace("{program}", &self.program)
            .replace("{folder}", &self.folder)
            .replace("{service}", &self.service)
            .replace("{server}", &self.server)
            .replace("{port}", &self.port.to_string())
            .replace("{control_port}", &self.control_port.to_string())
            .replace("{console_port}", &self.console_port.to_string())
    }

    /// One as the documentation has it.
    pub fn usual_agent(system: System) -> Self {
        let (program, folder, service) = match system {
            System::Windows => (
                r"C:\Program Files\Eidetic\eidetic-agent.exe",
                r"C:\ProgramData\Eidetic\Agent",
                "EideticAgent",
            ),
            System::Linux => (
                "/usr/bin/eidetic-agent",
                "/var/lib/eidetic/agent",
                "eidetic-agent",
            ),
        };
        Self {
            system,
            program: program.to_owned(),
            folder: folder.to_owned(),
            service: service.to_owned(),
            server: "SERVER".to_owned(),
            port: 9004,
            control_port: CONTROL_PORT,
            console_port: 9443,
        }
    }

    /// One as the documentation has it.
    pub fn usual_server() -> Self {
        Self {
            program: "/usr/bin/eidetic-server".to_owned(),
            folder: "/var/lib/eidetic/server".to_owned(),
            service: "eidetic-server".to_owned(),
            ..Self::usual_agent(System::Linux)
        }
    }
}

/// Where agents wait for their server's calls.
pub const CONTROL_PORT: u16 = 9003;
