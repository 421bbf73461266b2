//! What logind tells of sessions, and what their displays do, reaches the server.

use eidetic_model::{Entry, ObjectType};
use eidetic_testkit::{PrivateBus, PrivateLogind, PrivateSession, VirtualDisplay, eventually};
use tokio::runtime::Runtime;

use crate::{agent::Agent, gateway::Gateway};

#[test]
fn all_twelve_events_of_sessions_reach_the_server() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let computer = Computer::start();
    let (local, remote) = (Account::new("ann"), Account::new("bob"));
    computer.begin(PrivateSession {
        kind: "wayland".to_owned(),
        ..PrivateSession::local("c0", user_id(), "eve", "")
    });
    agent.run_with_logind(computer.bus.address());
    gateway.awaits("eve", "Monitoring start");

    computer.begin(local.session("c1", None));
    gateway.awaits("ann", "Local session start");
    eventually("the display is recorded", || {
        (!gateway.stored().segments.is_empty()).then_some(())
    });
    local.xset(&["s", "activate"]);
    gateway.awaits("ann", "Screensaver on");
    local.xset(&["s", "reset"]);
    gateway.awaits("ann", "Screensaver off");
    computer.does(|logind| logind.set_locked("c1", true));
    gateway.awaits("ann", "Lock");
    computer.does(|logind| logind.set_locked("c1", false));
    gateway.awaits("ann", "Unlock");
    computer.does(|logind| logind.set_active("c1", false));
    gateway.awaits("ann", "Console disconnection");
    computer.does(|logind| logind.set_active("c1", true));
    gateway.awaits("ann", "Console connection");
    computer.does(|logind| logind.remove("c1"));
    gateway.awaits("ann", "Sign-out");

    computer.begin(remote.session("c2", Some("desk.example")));
    gateway.awaits("bob", "Remote connection");
    computer.does(|logind| logind.set_active("c2", false));
    gateway.awaits("bob", "Remote disconnection");
    computer.does(|logind| logind.set_active("c2", true));
    computer.does(|logind| logind.prepare_for_shutdown(true));
    gateway.awaits("bob", "Shutdown");
    gateway.awaits("eve", "Shutdown");
    assert!(agent.stop().success());

    gateway.stored().check_without_holes();
    assert_eq!(
        gateway.told_of("ann"),
        [
            "Session start: Monitoring start",
            "Session start: Local session start",
            "Session end: Screensaver on",
            "Session start: Screensaver off",
            "Session end: Lock",
            "Session start: Unlock",
            "Session end: Console disconnection",
            "Session start: Console connection",
            "Session end: Sign-out",
        ]
    );
    assert_eq!(
        gateway.told_of("bob"),
        [
            "Session start: Monitoring start",
            "Session start: Remote connection",
            "Session end: Remote disconnection",
            "Session start: Remote connection",
            "Session end: Shutdown",
        ]
    );
    assert_eq!(
        gateway.told_of("eve"),
        ["Session start: Monitoring start", "Session end: Shutdown"]
    );
}

/// A bus with a logind.
struct Computer {
    runtime: Runtime,
    bus: PrivateBus,
    logind: PrivateLogind,
}

impl Computer {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let bus = PrivateBus::start().unwrap();
        let logind = runtime.block_on(PrivateLogind::start(&bus)).unwrap();
        Self {
            runtime,
            bus,
            logind,
        }
    }

    fn begin(&self, session: PrivateSession) {
        self.does(|logind| logind.begin(session));
    }

    fn does<'a, F>(&'a self, act: impl FnOnce(&'a PrivateLogind) -> F)
    where
        F: Future<Output = anyhow::Result<()>>,
    {
        self.runtime.block_on(act(&self.logind)).unwrap();
    }
}

/// Somebody with a display.
struct Account {
    name: &'static str,
    display: VirtualDisplay,
}

impl Account {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            display: VirtualDisplay::start(320, 240).unwrap(),
        }
    }

    fn session(&self, id: &str, remote_host: Option<&str>) -> PrivateSession {
        PrivateSession {
            remote_host: remote_host.map(str::to_owned),
            ..PrivateSession::local(id, user_id(), self.name, self.display.name())
        }
    }

    fn xset(&self, arguments: &[&str]) {
        let status = self.display.command("xset").args(arguments).status();
        assert!(status.unwrap().success());
    }
}

impl Gateway {
    /// Waits for an event of a session of this account.
    fn awaits(&self, account: &str, what: &str) {
        eventually(&format!("{what} of {account} is stored"), || {
            let told = self.told_of(account);
            told.iter()
                .any(|told| told.ends_with(&format!(": {what}")))
                .then_some(())
        });
    }

    /// The events of the sessions of this account, in order: action and what.
    fn told_of(&self, account: &str) -> Vec<String> {
        let entries = self.stored().entries();
        let events = entries.into_iter().filter_map(|entry| match entry {
            Entry::Activity(record)
                if record.object_type == ObjectType::UserSession
                    && record.who.ends_with(&format!("\\{account}")) =>
            {
                assert_eq!(record.object_type.to_string(), "User session");
                Some(format!("{}: {}", record.action, record.what.reveal()))
            }
            _ => None,
        });
        events.collect()
    }
}

/// The account that runs this: it may open the displays.
fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}
