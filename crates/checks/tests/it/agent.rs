//! A monitored computer.

use std::process::ExitCode;

use eidetic_checks::{
    Adjusted, AgentFacts, Certificate, CheckId, Finding, Installation, Machine as _, Need, Opening,
    Reach, Report, Scope, Sessions, System, Verdict, check, examine_agent, fake::Computer,
    mend_agent,
};
use eidetic_model::Timestamp;

const DAY: i64 = 24 * 60 * 60;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_micros(secs * 1_000_000)
}

/// A computer on which everything is as it should be.
struct Good {
    computer: Computer,
    facts: AgentFacts,
    installation: Installation,
    now: Timestamp,
}

impl Good {
    fn new(system: System) -> Self {
        let installation = Installation {
            server: "srv".to_owned(),
            ..Installation::usual_agent(system)
        };
        let computer = Computer::default();
        {
            let mut state = computer.state();
            for service in [&*installation.service, "Winmgmt", "RemoteRegistry"] {
                state.services.insert(service.to_owned(), (true, true));
            }
            for service in ["ssh", "systemd-logind"] {
                state.services.insert(service.to_owned(), (true, true));
            }
            state.free_bytes = 10 << 30;
            state.clock_is_kept = true;
            state.shares = true;
            state.programs.push("sudo".to_owned());
            for (host, port) in [("srv", 9004), ("127.0.0.1", 22), ("127.0.0.1", 9003)] {
                state
                    .network
                    .insert((host.to_owned(), port), Reach::Answers);
            }
        }
        Self {
            computer,
            facts: AgentFacts {
                server: Ok(Some(("srv".to_owned(), 9004))),
                certificate: Ok(Some(Certificate {
                    from: at(0),
                    until: at(90 * DAY),
                })),
                ahead_micros: Some(-1_500_000),
                min_free_bytes: 1 << 30,
                sessions: Sessions::Told(vec![(":0".to_owned(), Ok(()))]),
            },
            installation,
            now: at(DAY),
        }
    }

    fn look(&self) -> Vec<Finding> {
        examine_agent(&self.computer, &self.facts, &self.installation, self.now)
    }

    fn one(&self, check: CheckId) -> Finding {
        let found = self.look().into_iter().find(|found| found.check == check);
        found.expect("it is looked at on this system")
    }

    fn report<'a>(&'a self, scope: Scope, findings: &'a [Finding]) -> Report<'a> {
        Report {
            computer: "pc",
            scope,
            findings,
            adjustments: &[],
            installation: &self.installation,
        }
    }
}

/// What is broken, what is said of it, and whether it is mended automatically.
struct Broken {
    check: CheckId,
    system: System,
    breaking: fn(&mut Good),
    words: &'static str,
}

const fn broken(
    check: CheckId,
    system: System,
    breaking: fn(&mut Good),
    words: &'static str,
) -> Broken {
    Broken {
        check,
        system,
        breaking,
        words,
    }
}

fn stop(good: &Good, service: &str) {
    let mut state = good.computer.state();
    state.services.insert(service.to_owned(), (false, true));
}

fn keep_out(good: &Good, opening: Opening) {
    good.computer.state().kept_out.push(opening);
}

fn control_port(good: &Good) -> Opening {
    Opening::Port {
        port: 9003,
        program: good.installation.program.clone(),
    }
}

#[rustfmt::skip]
const ALL: &[Broken] = &[
    broken(CheckId::AgentService, System::Linux, |good| stop(good, "eidetic-agent"), "eidetic-agent: stopped"),
    broken(CheckId::AgentService, System::Windows, |good| {
        good.computer.state().services.insert("EideticAgent".to_owned(), (true, false));
    }, "EideticAgent: running, disabled"),
    broken(CheckId::AgentFolder, System::Linux, |good| {
        let folder = good.installation.folder.clone().into();
        good.computer.state().open_folders.push(folder);
    }, "open to other accounts"),
    broken(CheckId::SpoolSpace, System::Linux, |good| good.computer.state().free_bytes = 1 << 20, "1.0 MiB free"),
    broken(CheckId::ServerReachable, System::Linux, |good| {
        good.computer.state().network.insert(("srv".to_owned(), 9004), Reach::Refused);
    }, "nothing listens on its TCP 9004"),
    broken(CheckId::ServerReachable, System::Windows, |good| {
        good.computer.state().network.remove(&("srv".to_owned(), 9004));
    }, "a firewall in between"),
    broken(CheckId::ServerReachable, System::Linux, |good| good.facts.server = Ok(None), "not enrolled"),
    broken(CheckId::ClockInStep, System::Linux, |good| good.facts.ahead_micros = Some(61_000_000), "61.0 s ahead of"),
    broken(CheckId::ClockInStep, System::Windows, |good| good.facts.ahead_micros = Some(i64::MIN), "behind"),
    broken(CheckId::AgentCertificate, System::Linux, |good| good.now = at(80 * DAY), "not renewed in time"),
    broken(CheckId::AgentCertificate, System::Linux, |good| good.now = at(91 * DAY), "expired at"),
    broken(CheckId::AgentCertificate, System::Windows, |good| good.now = at(-DAY), "see to the clock"),
    broken(CheckId::Logind, System::Linux, |good| {
        good.facts.sessions = Sessions::NotTold("logind does not answer".to_owned());
    }, "logind does not answer"),
    broken(CheckId::XAccess, System::Linux, |good| {
        good.facts.sessions = Sessions::Told(vec![(":0".to_owned(), Ok(())), (":1".to_owned(), Err("no key".to_owned()))]);
    }, ":1: no key"),
    broken(CheckId::ControlPort, System::Windows, |good| keep_out(good, control_port(good)), "no rule lets it in"),
    broken(CheckId::ControlListener, System::Linux, |good| {
        good.computer.state().network.insert(("127.0.0.1".to_owned(), 9003), Reach::Refused);
    }, "nothing answers on TCP 9003"),
    broken(CheckId::WmiService, System::Windows, |good| stop(good, "Winmgmt"), "Winmgmt: stopped"),
    broken(CheckId::RemoteRegistryService, System::Windows, |good| stop(good, "RemoteRegistry"), "RemoteRegistry: stopped"),
    broken(CheckId::FileSharingFirewall, System::Windows, |good| keep_out(good, Opening::FILE_SHARING), "no rule lets it in"),
    broken(CheckId::WmiFirewall, System::Windows, |good| keep_out(good, Opening::WMI), "no rule lets it in"),
    broken(CheckId::AdministrativeShares, System::Windows, |good| good.computer.state().shares = false, "they are off"),
    broken(CheckId::Ssh, System::Linux, |good| {
        good.computer.state().network.insert(("127.0.0.1".to_owned(), 22), Reach::Refused);
    }, "nothing answers on TCP 22"),
    broken(CheckId::Sudo, System::Linux, |good| good.computer.state().programs.clear(), "not installed"),
];

#[test]
fn a_good_computer_has_nothing_unmet() {
    for system in [System::Linux, System::Windows] {
        let good = Good::new(system);
        let findings = good.look();
        assert!(
            findings.iter().all(|found| found.verdict == Verdict::Met),
            "{findings:?}"
        );
        let report = good.report(Scope::Everything, &findings);
        assert_eq!(report.exit_code(), ExitCode::SUCCESS);
    }
}

#[test]
fn every_prerequisite_of_an_agent_that_is_broken_is_found_alone_and_explained() {
    for broken in ALL {
        let mut good = Good::new(broken.system);
        (broken.breaking)(&mut good);
        let findings = good.look();
        let unmet: Vec<_> = findings
            .iter()
            .filter(|found| found.verdict == Verdict::Unmet)
            .collect();
        let unmet_ids: Vec<_> = unmet.iter().map(|found| found.check).collect();
        assert_eq!(unmet_ids, [broken.check], "{findings:?}");
        assert!(unmet[0].found.contains(broken.words), "{}", unmet[0].found);
        let report = good.report(Scope::Everything, &findings);
        assert_eq!(report.exit_code(), ExitCode::from(1));
        let text = report.to_text();
        for line in good.installation.by_hand(check(broken.check)) {
            assert!(text.contains(&line), "{text}");
        }
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        let checks = json["checks"].as_array().unwrap();
        let told = checks
            .iter()
            .find(|told| told["id"] == broken.check.as_str());
        assert_eq!(told.unwrap()["verdict"], "unmet");
    }
    let broken: std::collections::BTreeSet<_> = ALL.iter().map(|broken| broken.check).collect();
    let listed = eidetic_checks::catalogue().iter();
    let listed = listed.filter(|check| check.place == eidetic_checks::Place::Agent);
    assert_eq!(broken.len(), listed.count(), "each was broken");
}

#[test]
fn what_is_promised_to_be_mended_is_and_tells_before_and_after() {
    for broken in ALL {
        let mut good = Good::new(broken.system);
        (broken.breaking)(&mut good);
        let found = good.one(broken.check);
        let adjustment = mend_agent(
            &found,
            &good.computer,
            &good.facts,
            &good.installation,
            good.now,
        );
        let promised = check(broken.check).mended.is_some();
        assert_eq!(adjustment.is_some(), promised, "{}", broken.check);
        let Some(adjustment) = adjustment else {
            assert!(good.computer.state().changes.is_empty());
            continue;
        };
        assert!(adjustment.before.contains(broken.words));
        assert_eq!(good.computer.state().changes.len(), 1);
        match broken.check {
            // These have to be asked again.
            CheckId::ClockInStep | CheckId::Logind => {
                assert_eq!(adjustment.outcome, Adjusted::UnderWay);
            }
            // The script starts the service and does not open the port by it.
            CheckId::Ssh => {}
            _ => {
                assert_eq!(adjustment.outcome, Adjusted::Mended, "{}", broken.check);
                assert_eq!(good.one(broken.check).verdict, Verdict::Met);
                assert_ne!(adjustment.before, adjustment.after);
            }
        }
    }
}

#[test]
fn who_may_not_change_anything_is_told_so_and_nothing_changes() {
    let good = Good::new(System::Windows);
    stop(&good, "EideticAgent");
    good.computer.state().refuses_changes = true;
    let found = good.one(CheckId::AgentService);
    let adjustment = mend_agent(
        &found,
        &good.computer,
        &good.facts,
        &good.installation,
        good.now,
    );
    let outcome = adjustment.unwrap().outcome;
    assert_eq!(outcome, Adjusted::Failed("access is denied".to_owned()));
    assert!(good.computer.state().changes.is_empty());
}

#[test]
fn what_serves_push_installation_only_does_not_count_for_an_enrolled_agent() {
    for broken in ALL {
        let need = check(broken.check).need;
        if need.is_lasting() {
            continue;
        }
        assert!(matches!(need, Need::PushInstallation | Need::ControlCalls));
        let mut good = Good::new(broken.system);
        (broken.breaking)(&mut good);
        let findings = good.look();
        let report = good.report(Scope::Lasting, &findings);
        assert_eq!(report.exit_code(), ExitCode::SUCCESS);
        let text = report.to_text();
        assert!(text.contains("not needed"), "{text}");
        assert!(!text.contains("UNMET"), "{text}");
    }
}

#[test]
fn what_cannot_be_found_out_is_neither_good_nor_bad() {
    let good = Good::new(System::Windows);
    good.computer.state().tells_nothing = true;
    assert!(good.computer.free_bytes("x".as_ref()).is_err());
    let findings = good.look();
    let service = findings.iter().find(|f| f.check == CheckId::AgentService);
    assert_eq!(service.unwrap().verdict, Verdict::Unknown);
    let report = good.report(Scope::Lasting, &findings);
    assert_eq!(report.exit_code(), ExitCode::from(2));
    assert!(
        report
            .to_text()
            .contains("an administrator's rights are needed")
    );
}

#[test]
fn a_folder_that_takes_nothing_is_found_and_left_to_a_person() {
    let good = Good::new(System::Linux);
    good.computer.state().read_only = Some("No space left on device".to_owned());
    let found = good.one(CheckId::AgentFolder);
    assert_eq!(found.verdict, Verdict::Unmet);
    assert!(found.found.contains("No space left"), "{}", found.found);
    let mended = mend_agent(
        &found,
        &good.computer,
        &good.facts,
        &good.installation,
        good.now,
    );
    assert_eq!(mended, None);
}
