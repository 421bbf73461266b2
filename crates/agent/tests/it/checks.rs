//! The prerequisites of the computer: broken in turn, found, explained, and mended or reported.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output},
    time::Duration,
};

use eidetic_model::{Policy, PolicyParts, Prerequisites};
use eidetic_testkit::{PrivateBus, PrivateLogind, VirtualDisplay, eventually, eventually_within};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{agent::Agent, gateway::Gateway};

/// What was found of one prerequisite: whether it is met, and the words.
fn found(output: &Output, check: &str) -> (String, String) {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{output:?}"));
    let checks = report["checks"].as_array().unwrap();
    let one = checks.iter().find(|one| one["id"] == check).unwrap();
    assert!(!one["by_hand"].as_array().unwrap().is_empty());
    let text = |field: &str| one[field].as_str().unwrap().to_owned();
    (text("verdict"), text("found"))
}

fn verdict(output: &Output, check: &str) -> String {
    found(output, check).0
}

#[test]
fn a_server_that_does_not_listen_is_found_and_one_that_does_is_good() {
    let mut gateway = Gateway::start();
    let agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let output = agent.check(&[], None);
    assert_eq!(verdict(&output, "server-reachable"), "met");
    assert_eq!(verdict(&output, "agent-certificate"), "met");
    gateway.stop();
    let output = eventually("the port is closed", || {
        let output = agent.check(&[], None);
        (verdict(&output, "server-reachable") == "unmet").then_some(output)
    });
    assert_eq!(output.status.code(), Some(1));
    let (_, words) = found(&output, "server-reachable");
    assert!(words.contains("nothing listens on its TCP"), "{words}");
}

#[test]
fn a_computer_that_is_not_enrolled_is_told_what_to_do() {
    let output = Agent::new().check(&[], None);
    let (verdict, words) = found(&output, "server-reachable");
    assert_eq!(verdict, "unmet");
    assert!(words.contains("eidetic-agent enrol"), "{words}");
}

#[test]
fn a_certificate_that_was_not_renewed_in_time_is_found() {
    let gateway = Gateway::start();
    gateway.give_short_lived_certificates();
    let agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let (verdict, words) = found(&agent.check(&[], None), "agent-certificate");
    assert_eq!(verdict, "unmet");
    assert!(words.contains("not renewed in time"), "{words}");
}

#[test]
fn a_logind_that_is_stopped_is_found() {
    let agent = Agent::new();
    let bus = PrivateBus::start().unwrap();
    let (verdict, words) = found(&agent.check(&[], Some(bus.address())), "logind");
    assert_eq!(verdict, "unmet", "{words}");
    let runtime = Runtime::new().unwrap();
    let logind = runtime.block_on(PrivateLogind::start(&bus)).unwrap();
    let output = agent.check(&[], Some(bus.address()));
    assert_eq!(found(&output, "logind").0, "met", "{output:?}");
    assert_eq!(found(&output, "x-access").1, "no session now");
    drop(logind);
    eventually("logind is gone", || {
        let output = agent.check(&[], Some(bus.address()));
        (found(&output, "logind").0 == "unmet").then_some(())
    });
}

#[test]
fn a_display_that_cannot_be_opened_is_found_with_the_reason() {
    let agent = Agent::new();
    let display = VirtualDisplay::start(640, 480).unwrap();
    let output = agent.check(&["--display", display.name()], None);
    assert_eq!(verdict(&output, "x-access"), "met", "{output:?}");
    let output = agent.check(&["--display", ":65000"], None);
    let (verdict, words) = found(&output, "x-access");
    assert_eq!(verdict, "unmet");
    assert!(words.starts_with(":65000: "), "{words}");
}

#[test]
fn a_disk_that_is_full_is_found() {
    let agent = Agent::new();
    // A file system of its own, which this program and the agent's alone see.
    let script = "mount -t tmpfs -o size=64k eidetic-test \"$1\" && mkdir -m 700 \"$1/state\" && \
        (head -c 60000 /dev/zero > \"$1/filler\"; head -c 60000 /dev/zero >> \"$1/filler\"; true) \
        2>/dev/null && exec \"$2\" check --json --display :65000 --state-folder \"$1/state\"";
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .arg(folder.path())
        .arg(env!("CARGO_BIN_EXE_eidetic-agent"))
        .output()
        .unwrap();
    let (verdict, words) = found(&output, "spool-space");
    assert_eq!(verdict, "unmet");
    assert!(words.contains("needed"), "{words}");
    let (verdict, words) = found(&output, "agent-folder");
    assert_eq!(verdict, "unmet");
    assert!(words.contains("No space left"), "{words}");
    assert_eq!(output.status.code(), Some(1));
    drop(agent);
}

#[test]
fn a_folder_that_is_open_is_closed_by_fix_and_told_before_and_after() {
    let gateway = Gateway::start();
    let agent = Agent::enrolled(&gateway.address(), &gateway.token());
    open_to_others(&agent);
    let output = agent.check(&[], None);
    assert_eq!(verdict(&output, "agent-folder"), "unmet");
    assert_eq!(mode(&agent), 0o755, "without --fix nothing changes");
    let output = agent.check(&["--fix"], None);
    assert_eq!(verdict(&output, "agent-folder"), "met");
    assert_eq!(mode(&agent), 0o700);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let adjustments = report["adjustments"].as_array().unwrap();
    let adjustment = adjustments.iter().find(|done| done["id"] == "agent-folder");
    let adjustment = adjustment.unwrap();
    assert_eq!(adjustment["outcome"], "mended");
    assert!(
        adjustment["before"]
            .as_str()
            .unwrap()
            .contains("its mode is 0755")
    );
    assert!(
        adjustment["after"]
            .as_str()
            .unwrap()
            .contains("closed to others")
    );
}

#[test]
fn by_the_plan_it_is_only_told_or_put_back_within_a_minute_and_told() {
    let gateway = Gateway::start();
    let display = VirtualDisplay::start(640, 480).unwrap();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    agent.run(display.name());
    eventually("the first report is there", || {
        gateway.stored().checks.clone()
    });

    // The plan that only wants reports.
    open_to_others(&agent);
    let other = Policy::new(PolicyParts {
        max_frames_per_second: 5,
        ..PolicyParts::default()
    });
    gateway.set_policy(other.unwrap());
    eventually("the open folder is told", || {
        let checks = gateway.stored().checks.clone()?;
        checks
            .unmet
            .iter()
            .find(|unmet| unmet.check == "agent-folder")
            .cloned()
    });
    assert_eq!(mode(&agent), 0o755);
    assert!(gateway.stored().adjustments.is_empty());

    // The plan that mends.
    let mending = Policy::new(PolicyParts {
        prerequisites: Prerequisites::Mend,
        ..PolicyParts::default()
    });
    gateway.set_policy(mending.unwrap());
    let mended = |count: usize| {
        let stored = gateway.stored();
        let adjustments = stored.adjustments.values();
        let folder = adjustments.filter(|done| done.check == "agent-folder");
        (folder.count() == count).then_some(())
    };
    eventually("it is mended and told", || mended(1));
    assert_eq!(mode(&agent), 0o700);
    {
        let stored = gateway.stored();
        let mut adjustments = stored.adjustments.values();
        let folder = adjustments
            .find(|done| done.check == "agent-folder")
            .unwrap();
        assert!(folder.before.contains("its mode is 0755"), "{folder:?}");
        assert!(folder.after.contains("closed to others"), "{folder:?}");
        assert_eq!(folder.problem, None);
        let unmet = &stored.checks.as_ref().unwrap().unmet;
        assert!(unmet.iter().all(|unmet| unmet.check != "agent-folder"));
    }
    // Somebody opens it again, and nothing else happens.
    open_to_others(&agent);
    eventually_within(Duration::from_secs(60), "it is put back", || mended(2));
    assert_eq!(mode(&agent), 0o700);
    assert!(agent.stop().success());
}

#[test]
fn what_an_antivirus_program_should_leave_alone_is_this_very_folder() {
    let agent = Agent::new();
    let output = agent.exclusions();
    let folder = agent.state_folder().display().to_string();
    assert_eq!(output.lines().next(), Some(&*folder));
    assert!(
        output.contains("Add-MpPreference -ExclusionPath '"),
        "{output}"
    );
}

fn open_to_others(agent: &Agent) {
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(agent.state_folder(), open).unwrap();
}

fn mode(agent: &Agent) -> u32 {
    let metadata = fs::metadata(agent.state_folder()).unwrap();
    metadata.permissions().mode() & 0o777
}
