//! Another computer, as it looks over the network.

use std::{
    io::Read as _,
    net::{TcpStream, ToSocketAddrs as _},
    thread,
};

use crate::{
    check::Need,
    machine::{REACH_LIMIT, Reach},
};

/// What was found of a computer over the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFinding {
    /// What it is called everywhere, for good.
    pub id: &'static str,
    /// What was tried.
    pub title: String,
    /// Whether it answers.
    pub is_met: bool,
    /// What was found, in words.
    pub found: String,
    /// What needs it.
    pub need: Need,
    /// What to do, if it does not answer.
    pub by_hand: &'static str,
}

/// The ports that are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// SSH.
    pub ssh: u16,
    /// SMB.
    pub smb: u16,
    /// The endpoint mapper of Windows' remote procedure calls.
    pub rpc: u16,
    /// The agent's control port.
    pub control: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            ssh: 22,
            smb: 445,
            rpc: 135,
            control: crate::installation::CONTROL_PORT,
        }
    }
}

/// Looks at a computer, by its name or address. Takes some seconds if it does not answer.
pub fn look_at(host: &str, ports: Ports) -> Vec<NetworkFinding> {
    let name = look_up(host);
    let is_known = name.is_met;
    let mut findings = vec![name];
    if !is_known {
        return findings;
    }
    let tried: [(&'static str, &str, u16, Need, &'static str); 4] = [
        (
            "ssh",
            "SSH",
            ports.ssh,
            Need::PushInstallation,
            "Linux targets: apt-get install openssh-server && systemctl enable --now ssh, and let it \
             in at the firewall.",
        ),
        (
            "smb",
            "File sharing (SMB)",
            ports.smb,
            Need::PushInstallation,
            "Windows targets: Enable-NetFirewallRule -Group \"@FirewallAPI.dll,-28502\"",
        ),
        (
            "rpc",
            "Remote procedure calls",
            ports.rpc,
            Need::PushInstallation,
            "Windows targets: Enable-NetFirewallRule -Group \"@FirewallAPI.dll,-34251\"",
        ),
        (
            "control-port",
            "The agent's control port",
            ports.control,
            Need::ControlCalls,
            "Without it the server calls the agent while that is connected, and not otherwise. To open \
             it: let TCP 9003 in on the computer, and see `eidetic-agent status` there",
        ),
    ];
    thread::scope(|scope| {
        let tries = tried.map(|(id, title, port, need, by_hand)| {
            scope.spawn(move || {
                let (reach, says) = knock(host, port, id == "ssh");
                let found = match (&reach, says) {
                    (Reach::Answers, Some(says)) => format!("it answers: {says}"),
                    (reach, _) => in_words(reach),
                };
                NetworkFinding {
                    id,
                    title: format!("{title}, TCP {port}"),
                    is_met: reach == Reach::Answers,
                    found,
                    need,
                    by_hand,
                }
            })
        });
        for tried in tries {
            findings.extend(tried.join());
        }
    });
    findings
}

/// Connects to a TCP port, and hangs up.
pub(crate) fn reach(host: &str, port: u16) -> Reach {
    knock(host, port, false).0
}

fn look_up(host: &str) -> NetworkFinding {
    let found = (host, 0).to_socket_addrs().map(|addresses| {
        let mut addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
        addresses.dedup();
        addresses.join(", ")
    });
    let (is_met, found) = match found {
        Ok(addresses) if addresses.is_empty() => (false, "it has no address".to_owned()),
        Ok(addresses) => (true, addresses),
        Err(error) => (false, error.to_string()),
    };
    NetworkFinding {
        id: "name",
        title: "Its name is known".to_owned(),
        is_met,
        found,
        need: Need::PushInstallation,
        by_hand: "Enter it in the DNS, or use its whole name or its address.",
    }
}

/// Also tells what it says of itself, if it shall.
fn knock(host: &str, port: u16, listen: bool) -> (Reach, Option<String>) {
    let addresses = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => return (Reach::NoSuchName(error.to_string()), None),
    };
    let mut last = Reach::NoSuchName("it has no address".to_owned());
    for address in addresses.take(MOST_ADDRESSES) {
        match TcpStream::connect_timeout(&address, REACH_LIMIT) {
            Ok(stream) => return (Reach::Answers, if listen { banner(stream) } else { None }),
            Err(error) => {
                last = match error.kind() {
                    std::io::ErrorKind::ConnectionRefused => Reach::Refused,
                    std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => Reach::Silent,
                    _ => Reach::Failed(error.to_string()),
                }
            }
        }
    }
    (last, None)
}

/// The first line that a computer says, as far as it can be shown.
fn banner(mut stream: TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(REACH_LIMIT)).ok()?;
    let mut bytes = [0; 255];
    let count = stream.read(&mut bytes).ok()?;
    let line = bytes[..count].split(|byte| b"\r\n".contains(byte)).next()?;
    let shown: String = line
        .iter()
        .filter(|byte| byte.is_ascii_graphic() || **byte == b' ')
        .map(|byte| char::from(*byte))
        .collect();
    (!shown.is_empty()).then_some(shown)
}

fn in_words(reach: &Reach) -> String {
    match reach {
        Reach::Answers => "it answers".to_owned(),
        Reach::NoSuchName(reason) => format!("its name is not known: {reason}"),
        Reach::Refused => "the computer is there, and nothing listens".to_owned(),
        Reach::Silent => "nothing answers: off, or a firewall in between drops it".to_owned(),
        Reach::Failed(reason) => reason.clone(),
    }
}

/// A name with more is a cluster of which one is enough.
const MOST_ADDRESSES: usize = 3;

#[cfg(test)]
mod tests {
    use std::{io::Write as _, net::TcpListener};

    use super::*;

    #[test]
    fn open_and_closed_ports_are_told_apart_and_ssh_says_who_it_is() {
        let ssh = TcpListener::bind("127.0.0.1:0").unwrap();
        let smb = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let ports = Ports {
            ssh: port(&ssh),
            smb: port(&smb),
            rpc: port(&closed),
            control: port(&closed),
        };
        drop(closed);
        let server = thread::spawn(move || {
            let (mut stream, _) = ssh.accept().unwrap();
            stream
                .write_all(b"SSH-2.0-OpenSSH_9.2\x1b[31m\r\n")
                .unwrap();
        });
        let findings = look_at("127.0.0.1", ports);
        server.join().unwrap();
        let told: Vec<_> = findings
            .iter()
            .map(|found| (found.id, found.is_met, &*found.found))
            .collect();
        let nobody = "the computer is there, and nothing listens";
        let expected = [
            ("name", true, "127.0.0.1"),
            ("ssh", true, "it answers: SSH-2.0-OpenSSH_9.2[31m"),
            ("smb", true, "it answers"),
            ("rpc", false, nobody),
            ("control-port", false, nobody),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_name_that_nobody_knows_is_told_and_nothing_else_is_tried() {
        let findings = look_at("no-such-computer.invalid", Ports::default());
        assert_eq!(findings.len(), 1);
        assert!(!findings[0].is_met && !findings[0].found.is_empty());
    }
}
