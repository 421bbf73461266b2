//! The accounts of real processes. These tests are root: they start programs as others.

use std::{process::Command, time::Duration};

use eidetic_capture::{
    ActiveWindow, Desktop as _, DesktopEvent, LoginSession, LoginSessionId,
    linux::{SessionDisplay, X11Desktop},
};
use eidetic_model::{RunAs, SessionOrigin};
use eidetic_testkit::{VirtualDisplay, eventually};

/// Accounts that every Debian has.
const DAEMON: u32 = 1;
const NOBODY: u32 = 65_534;

const NO_LOGIN: u32 = u32::MAX;

/// Starts xterm by a shell script, in which `xterm` stands for it, as if from the logon of `login`.
/// Gives its window as seen from the session of `session_user`.
fn seen(session_user: u32, login: u32, script: &str) -> ActiveWindow {
    let mut display = VirtualDisplay::start(800, 600).unwrap();
    display.start_window_manager().unwrap();
    let admitted = display.command("xhost").arg("+local:").status().unwrap();
    assert!(admitted.success());
    let mut desktop = X11Desktop::open(display.name(), session_user).unwrap();
    // Where the kernel keeps no record of logons, there is none to change.
    let script = format!("echo {login} > /proc/self/loginuid\n{script}")
        .replace("xterm", "xterm -T program -e cat");
    display.spawn("sh", ["-pc", &script]).unwrap();
    let window = eventually("the program is in front", || {
        match desktop.next(Duration::from_millis(100)).unwrap() {
            Some(DesktopEvent::Activated(window)) if window.title.reveal() == "program" => {
                Some(window)
            }
            _ => None,
        }
    });
    let process = window.process.unwrap();
    let ended = Command::new("kill").arg(process.0.to_string()).status();
    assert!(ended.unwrap().success());
    window
}

#[test]
fn own_account_is_no_detail() {
    let script = format!("exec setpriv --reuid {NOBODY} --clear-groups xterm");
    let window = seen(NOBODY, NO_LOGIN, &script);
    assert_eq!(window.run_as, RunAs::SessionUser);
    assert_eq!(window.application.unwrap().path, "/usr/bin/xterm");
}

#[test]
fn other_ordinary_account_is_named() {
    let script = format!("exec setpriv --reuid {DAEMON} --clear-groups xterm");
    let expected = RunAs::OtherUser {
        account: "daemon".to_owned(),
    };
    assert_eq!(seen(NOBODY, NO_LOGIN, &script).run_as, expected);
}

fn elevated_root() -> RunAs {
    RunAs::Elevated {
        account: "root".to_owned(),
    }
}

#[test]
fn root_in_an_ordinary_session_is_elevated() {
    let window = seen(NOBODY, NOBODY, "exec xterm");
    assert_eq!(window.run_as, elevated_root());
}

#[test]
fn root_in_its_own_session_is_elevated_by_itself() {
    assert_eq!(seen(0, 0, "exec xterm").run_as, RunAs::ElevatedSelf);
    assert_eq!(seen(0, NO_LOGIN, "exec xterm").run_as, RunAs::ElevatedSelf);
}

#[test]
fn root_that_an_ordinary_user_became_is_elevated_in_any_session() {
    // As sudo is: it has root's rights, and the caller's account as its real one.
    let script =
        format!("setpriv --ruid {NOBODY} sh -pc 'setpriv --ruid 0 --euid 0 xterm & wait' & wait");
    assert_eq!(seen(0, NO_LOGIN, &script).run_as, elevated_root());
}

#[test]
fn display_and_key_are_found_below_the_leader_of_a_session() {
    let script = "DISPLAY=:76 sleep 1000 & DISPLAY=:77.0 XAUTHORITY=/run/key sleep 1000 & wait";
    let mut leader = {
        use std::os::unix::process::CommandExt as _;
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).process_group(0).spawn().unwrap()
    };
    let session = |display: Option<&str>, user_id| LoginSession {
        id: LoginSessionId("c1".to_owned()),
        user_name: "root".to_owned(),
        user_id,
        origin: SessionOrigin::Local,
        display: display.map(str::to_owned),
        leader: Some(leader.id()),
    };
    let known = eventually("the session's programs run", || {
        SessionDisplay::find(&session(Some(":77"), 0)).filter(|found| found.key_file.is_some())
    });
    let unknown = SessionDisplay::find(&session(None, 0));
    let of_another = SessionDisplay::find(&session(None, DAEMON));
    let group = format!("-{}", leader.id());
    Command::new("kill").args(["--", &group]).status().unwrap();
    leader.wait().unwrap();

    assert_eq!(known.name, ":77");
    assert_eq!(known.key_file.as_deref(), Some("/run/key".as_ref()));
    let environment: Vec<_> = known.environment().collect();
    assert_eq!(environment[1], ("XAUTHORITY", "/run/key".into()));
    assert_eq!(unknown.unwrap().name, ":77.0", "one with a key comes first");
    assert_eq!(of_another, None);
}
