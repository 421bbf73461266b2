//! The server's computer.

use eidetic_checks::{
    Adjusted, Certificate, CheckId, Finding, Installation, Opening, Reach, ServerFacts, Verdict,
    check, examine_server, fake::Computer, mend_server,
};
use eidetic_model::Timestamp;

const DAY: i64 = 24 * 60 * 60;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_micros(secs * 1_000_000)
}

struct Good {
    computer: Computer,
    facts: ServerFacts,
    installation: Installation,
    now: Timestamp,
}

fn good() -> Good {
    let computer = Computer::default();
    let mut state = computer.state();
    state
        .services
        .insert("eidetic-server".to_owned(), (true, true));
    state.free_bytes = 100 << 30;
    state.clock_is_kept = true;
    for host in ["127.0.0.1", "10.0.0.5"] {
        state
            .network
            .insert((host.to_owned(), 9004), Reach::Answers);
    }
    drop(state);
    let certificate = Ok(Some(Certificate {
        from: at(0),
        until: at(397 * DAY),
    }));
    Good {
        computer,
        facts: ServerFacts {
            agents_listen: "0.0.0.0:9004".parse().unwrap(),
            server_certificate: certificate.clone(),
            console_certificate: certificate,
        },
        installation: Installation::usual_server(),
        now: at(DAY),
    }
}

fn look(good: &Good) -> Vec<Finding> {
    examine_server(&good.computer, &good.facts, &good.installation, good.now)
}

type Break = fn(&mut Good);

#[rustfmt::skip]
const ALL: &[(CheckId, Break, &str)] = &[
    (CheckId::ServerService, |good| { good.computer.state().services.clear(); }, "not installed"),
    (CheckId::ServerPort, |good| { good.computer.state().network.insert(("127.0.0.1".to_owned(), 9004), Reach::Refused); }, "nothing listens"),
    (CheckId::ServerPort, |good| good.facts.agents_listen = "127.0.0.1:9004".parse().unwrap(), "only this computer reaches"),
    (CheckId::ServerFirewall, |good| {
        let opening = Opening::Port { port: 9004, program: good.installation.program.clone() };
        good.computer.state().kept_out.push(opening);
    }, "no rule lets it in"),
    (CheckId::DataFolder, |good| {
        let folder = good.installation.folder.clone().into();
        good.computer.state().open_folders.push(folder);
    }, "open to other accounts"),
    (CheckId::DataSpace, |good| good.computer.state().free_bytes = 2 << 30, "2.0 GiB free"),
    (CheckId::ServerCertificate, |good| good.facts.server_certificate = Ok(None), "none yet"),
    (CheckId::ConsoleCertificate, |good| {
        good.facts.console_certificate = Ok(Some(Certificate { from: at(0), until: at(DAY / 2) }));
    }, "expired at"),
    (CheckId::ServerClock, |good| good.computer.state().clock_is_kept = false, "no time service"),
];

#[test]
fn a_good_server_has_nothing_unmet() {
    let findings = look(&good());
    assert!(
        findings.iter().all(|found| found.verdict == Verdict::Met),
        "{findings:?}"
    );
}

#[test]
fn every_prerequisite_of_a_server_that_is_broken_is_found_and_mended_as_promised() {
    for (id, breaking, words) in ALL {
        let mut good = good();
        breaking(&mut good);
        let findings = look(&good);
        let unmet: Vec<_> = findings
            .iter()
            .filter(|found| found.verdict == Verdict::Unmet)
            .collect();
        assert_eq!(unmet.len(), 1, "{unmet:?}");
        assert_eq!(unmet[0].check, *id);
        assert!(unmet[0].found.contains(words), "{}", unmet[0].found);
        let mended = mend_server(
            unmet[0],
            &good.computer,
            &good.facts,
            &good.installation,
            good.now,
        );
        assert_eq!(mended.is_some(), check(*id).mended.is_some(), "{id}");
        match mended.map(|mended| mended.outcome) {
            // What is not installed cannot be started.
            Some(Adjusted::Failed(reason)) => assert!(reason.contains("no service"), "{reason}"),
            Some(outcome) => assert_eq!(outcome, Adjusted::Mended),
            None => assert!(good.computer.state().changes.is_empty()),
        }
    }
}
