//! The list of prerequisites.

use crate::check::{Check, CheckId, Need, Place, Systems};

/// All prerequisites, in the order in which they are told.
pub const fn catalogue() -> &'static [Check] {
    CATALOGUE
}

/// One of them.
pub fn check(id: CheckId) -> &'static Check {
    CATALOGUE
        .iter()
        .find(|check| check.id == id)
        .expect("a test sees that every name is in the list")
}

const CATALOGUE: &[Check] = &[
    Check {
        id: CheckId::AgentService,
        title: "The agent's service runs, and starts with the computer",
        meaning: "Without it nothing is recorded on this computer.",
        place: Place::Agent,
        systems: Systems::All,
        need: Need::Always,
        by_hand: &[
            "Linux: systemctl enable --now {service}",
            "Windows: sc.exe config {service} start= auto & sc.exe start {service}",
            "If it is not installed: see \"The agent\" in README.md.",
        ],
        mended: Some("the service is set to start with the computer, and is started"),
    },
    Check {
        id: CheckId::AgentFolder,
        title: "The agent can write to its folder, and others cannot enter it",
        meaning: "Keys and what waits for the server are kept there. An open folder shows them to \
                  other accounts; one that cannot be written to ends recording.",
        place: Place::Agent,
        systems: Systems::All,
        need: Need::Always,
        by_hand: &[
            "Linux: chown root: {folder} && chmod 700 {folder}",
            "Windows: icacls \"{folder}\" /inheritance:r /grant *S-1-5-18:(OI)(CI)F \
             *S-1-5-32-544:(OI)(CI)F",
        ],
        mended: Some("the folder is closed to other accounts"),
    },
    Check {
        id: CheckId::SpoolSpace,
        title: "The disk has room for what waits for the server",
        meaning: "While the server is away, the agent keeps what it records on its disk, and leaves \
                  free what the plan says. Once there is less, records and the screen are lost, and \
                  the loss is recorded as a gap.",
        place: Place::Agent,
        systems: Systems::All,
        need: Need::Always,
        by_hand: &[
            "Make room on the disk of {folder}, or lower \"Free bytes to leave\" in the plan.",
            "Linux: df -h {folder}",
        ],
        mended: None,
    },
    Check {
        id: CheckId::ServerReachable,
        title: "The server answers on its port for agents",
        meaning: "What is recorded goes to TCP {port} of the server, by connections that the agent \
                  makes: no port of this computer has to be open for it. Until it answers, what is \
                  recorded waits on this computer.",
        place: Place::Agent,
        systems: Systems::All,
        need: Need::Always,
        by_hand: &[
            "On the server: eidetic-server check",
            "Let TCP {port} out to {server} in the firewalls between the two.",
            "Linux: nc -vz {server} {port}",
            "Windows: Test-NetConnection {server} -Port {port}",
        ],
        mended: None,
    },
    Check {
        id: CheckId::ClockInStep,
        title: "The clock goes with the server's",
        meaning: "Records carry the time of the computer on which they are made. A clock that is off \
                  by more than a minute makes what happened on two computers hard to compare; one \
                  that is off by days makes certificates invalid.",
        place: Place::Agent,
        systems: Systems::All,
        need: Need::Always,
        by_hand: &[
            "Linux: timedatectl set-ntp true",
            "Windows: sc.exe config w32time start= auto & net start w32time & w32tm /resync",
        ],
        mended: Some(
            "the system's time service is turned on, which corrects the clock in its own time",
        ),
    },
    Check {
        id: CheckId::AgentCertificate,
        title: "The agent's certificate is renewed in time",
        meaning: "The agent renews its certificate in the last third of its life, when it is \
                  connected. One that has expired is taken no more: the computer has to be enrolled \
                  again.",
        place: Place::Agent,
        systems: Systems::All,
        need: Need::Always,
        by_hand: &[
            "Let the agent connect to {server}: it renews the certificate then.",
            "If it has expired: \"{program}\" enrol --replace --server {server}:{port}",
        ],
        mended: None,
    },
    Check {
        id: CheckId::Logind,
        title: "logind tells who is logged on",
        meaning: "The agent records the sessions that systemd-logind tells of. Without it none is \
                  found, unless agent.toml names a display.",
        place: Place::Agent,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &[
            "apt-get install systemd dbus libpam-systemd && systemctl start dbus systemd-logind",
            "Or, for a display without it: display = \":0\" in /etc/eidetic/agent.toml",
        ],
        mended: Some("systemd-logind is started"),
    },
    Check {
        id: CheckId::XAccess,
        title: "The displays of the sessions can be opened",
        meaning: "The screen is recorded from the X server of each session, with the session's own \
                  key. Without access a session has its begin and its end, and no windows and no \
                  screen.",
        place: Place::Agent,
        systems: Systems::Linux,
        need: Need::Screen,
        by_hand: &[
            "Run the agent as root, by the service {service}, so that it can read the sessions' keys.",
            "A session on Wayland has no such display: choose one on X11 at the logon screen, or \
             WaylandEnable=false in /etc/gdm3/daemon.conf",
        ],
        mended: None,
    },
    Check {
        id: CheckId::ControlPort,
        title: "TCP {control_port} is let in by the firewall",
        meaning: "For calls of the server to an agent that is not connected: how it is, send what \
                  waits, stop, begin anew. Nothing is recorded or delivered by them, and a connected \
                  agent takes them over its own connection: it may stay closed.",
        place: Place::Agent,
        systems: Systems::Windows,
        need: Need::ControlCalls,
        by_hand: &[
            "netsh advfirewall firewall add rule name=\"Eidetic Agent (TCP {control_port})\" dir=in \
             action=allow protocol=TCP localport={control_port} program=\"{program}\"",
        ],
        mended: Some("a rule for this program and this port is added to the firewall"),
    },
    Check {
        id: CheckId::ControlListener,
        title: "The agent listens on TCP {control_port}",
        meaning: "For calls of the server to an agent that is not connected. Without it everything \
                  is recorded and delivered as with it.",
        place: Place::Agent,
        systems: Systems::All,
        need: Need::ControlCalls,
        by_hand: &[
            "See which program has TCP {control_port}, and give the agent another port, or none (0):",
            "Linux: ss -ltnp; control_port in /etc/eidetic/agent.toml, then systemctl restart eidetic-agent",
            "Windows: netstat -ano; the number ControlPort in HKLM\\SOFTWARE\\Eidetic\\Agent, then restart \
             the service {service}",
        ],
        mended: None,
    },
    Check {
        id: CheckId::WmiService,
        title: "Windows Management Instrumentation runs, and starts with the computer",
        meaning: "The server asks it about the computer before it installs an agent.",
        place: Place::Agent,
        systems: Systems::Windows,
        need: Need::PushInstallation,
        by_hand: &["sc.exe config Winmgmt start= auto & sc.exe start Winmgmt"],
        mended: Some("the service is set to start with the computer, and is started"),
    },
    Check {
        id: CheckId::RemoteRegistryService,
        title: "Remote Registry runs, and starts with the computer",
        meaning: "The server sets up the agent that it installs by it.",
        place: Place::Agent,
        systems: Systems::Windows,
        need: Need::PushInstallation,
        by_hand: &["sc.exe config RemoteRegistry start= auto & sc.exe start RemoteRegistry"],
        mended: Some("the service is set to start with the computer, and is started"),
    },
    Check {
        id: CheckId::FileSharingFirewall,
        title: "File and Printer Sharing is let in by the firewall",
        meaning: "The server copies the agent's installer over it (TCP 445).",
        place: Place::Agent,
        systems: Systems::Windows,
        need: Need::PushInstallation,
        by_hand: &["Enable-NetFirewallRule -Group \"@FirewallAPI.dll,-28502\""],
        mended: Some("the firewall's own group of rules is turned on"),
    },
    Check {
        id: CheckId::WmiFirewall,
        title: "Windows Management Instrumentation is let in by the firewall",
        meaning: "The server asks about the computer over it (TCP 135 and the ports that it names).",
        place: Place::Agent,
        systems: Systems::Windows,
        need: Need::PushInstallation,
        by_hand: &["Enable-NetFirewallRule -Group \"@FirewallAPI.dll,-34251\""],
        mended: Some("the firewall's own group of rules is turned on"),
    },
    Check {
        id: CheckId::AdministrativeShares,
        title: "The administrative shares are on",
        meaning: "The server copies the agent's installer to ADMIN$.",
        place: Place::Agent,
        systems: Systems::Windows,
        need: Need::PushInstallation,
        by_hand: &[
            "sc.exe config LanmanServer start= auto & sc.exe start LanmanServer",
            "reg delete HKLM\\SYSTEM\\CurrentControlSet\\Services\\LanmanServer\\Parameters /v \
             AutoShareServer /f & reg delete \
             HKLM\\SYSTEM\\CurrentControlSet\\Services\\LanmanServer\\Parameters /v AutoShareWks /f \
             & sc.exe stop LanmanServer & sc.exe start LanmanServer",
            "With an account of the computer itself, not of the domain, besides: reg add \
             HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System /v \
             LocalAccountTokenFilterPolicy /t REG_DWORD /d 1 /f",
        ],
        mended: None,
    },
    Check {
        id: CheckId::Ssh,
        title: "SSH answers",
        meaning: "The server installs the agent over it (TCP 22).",
        place: Place::Agent,
        systems: Systems::Linux,
        need: Need::PushInstallation,
        by_hand: &["apt-get install openssh-server && systemctl enable --now ssh"],
        mended: Some("the service ssh is set to start with the computer, and is started"),
    },
    Check {
        id: CheckId::Sudo,
        title: "sudo is there",
        meaning: "The account with which the server installs the agent becomes root by it. Without, \
                  it has to be root itself.",
        place: Place::Agent,
        systems: Systems::Linux,
        need: Need::PushInstallation,
        by_hand: &["apt-get install sudo && adduser ACCOUNT sudo"],
        mended: None,
    },
    Check {
        id: CheckId::ServerService,
        title: "The server's service runs, and starts with the computer",
        meaning: "Without it agents keep what they record, and nobody can search.",
        place: Place::Server,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &["systemctl enable --now {service}"],
        mended: Some("the service is set to start with the computer, and is started"),
    },
    Check {
        id: CheckId::ServerPort,
        title: "The server listens for agents, on an address that others reach",
        meaning: "Agents connect to TCP {port} of this computer.",
        place: Place::Server,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &[
            "agents_listen = \"0.0.0.0:{port}\" in /etc/eidetic/server.toml, then systemctl restart \
             {service}",
            "Which program listens there: ss -ltnp sport = :{port}",
        ],
        mended: None,
    },
    Check {
        id: CheckId::ServerFirewall,
        title: "TCP {port} is let in by the firewall",
        meaning: "Agents connect to it. firewalld and ufw are asked; rules that are made otherwise, \
                  and firewalls between computers, are not seen from here: `eidetic-agent check` on \
                  an agent's computer proves the whole way.",
        place: Place::Server,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &[
            "firewalld: firewall-cmd --permanent --add-port={port}/tcp && firewall-cmd --reload",
            "ufw: ufw allow {port}/tcp",
            "The console besides: the same with {console_port}",
        ],
        mended: Some("the port is opened in firewalld or ufw"),
    },
    Check {
        id: CheckId::DataFolder,
        title: "The server can write to its data folder, and others cannot enter it",
        meaning: "The audit database, the segments and the keys are kept there.",
        place: Place::Server,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &["chown -R eidetic: {folder} && chmod 700 {folder}"],
        mended: Some("the folder is closed to other accounts"),
    },
    Check {
        id: CheckId::DataSpace,
        title: "The disk has room for recordings",
        meaning: "When it is full, nothing more is taken from agents, which keep what they record.",
        place: Place::Server,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &[
            "Make room on the disk of {folder}, or move the folder to a larger one (data_folder in \
             /etc/eidetic/server.toml).",
            "What takes it: du -xh --max-depth=1 {folder}",
        ],
        mended: None,
    },
    Check {
        id: CheckId::ServerCertificate,
        title: "The certificate that agents see is valid",
        meaning: "The server makes it anew 30 days before it expires, while it runs. Once it has \
                  expired no agent connects.",
        place: Place::Server,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &["systemctl restart {service}"],
        mended: None,
    },
    Check {
        id: CheckId::ConsoleCertificate,
        title: "The certificate that browsers see is valid",
        meaning: "The server makes its own anew 30 days before it expires; one that an \
                  administrator gave he has to replace.",
        place: Place::Server,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &[
            "Your own: replace the files that [certificate] in /etc/eidetic/server.toml names, then \
             systemctl restart {service}",
            "The server's: systemctl restart {service}",
        ],
        mended: None,
    },
    Check {
        id: CheckId::ServerClock,
        title: "The clock is kept right by a time service",
        meaning: "Certificates are made and judged by it, and agents' clocks are compared with it.",
        place: Place::Server,
        systems: Systems::Linux,
        need: Need::Always,
        by_hand: &["timedatectl set-ntp true"],
        mended: Some(
            "the system's time service is turned on, which corrects the clock in its own time",
        ),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_in_the_list_once_and_comes_back() {
        let names: BTreeSet<_> = CheckId::ALL.iter().map(|id| id.as_str()).collect();
        assert_eq!(names.len(), CheckId::ALL.len());
        assert_eq!(CATALOGUE.len(), CheckId::ALL.len());
        for id in CheckId::ALL {
            assert_eq!(check(id).id, id);
            assert_eq!(CheckId::called(id.as_str()), Some(id));
        }
        assert_eq!(CheckId::called("nothing"), None);
    }

    #[test]
    fn everything_says_what_it_means_and_how_it_is_mended_by_hand() {
        let agent = crate::Installation::usual_agent(crate::System::Windows);
        for check in CATALOGUE {
            assert!(!check.meaning.is_empty() && !check.by_hand.is_empty());
            for line in check.by_hand.iter().chain([&check.title, &check.meaning]) {
                let filled = agent.fill(line);
                assert!(!filled.contains('{'), "{filled}");
            }
        }
    }
}
