//! What happens on a display reaches the server.

use std::time::Duration;

use eidetic_codec::{Decoder, DecoderLimits, PacketKind, PixelOrder, SegmentReader};
use eidetic_model::{Action, Entry, Policy, PolicyParts, Recording};
use eidetic_testkit::{VirtualDisplay, eventually, eventually_within};

use crate::{agent::Agent, gateway::Gateway};

/// A terminal of this title, in front.
pub fn terminal(display: &mut VirtualDisplay, title: &str) {
    let script = format!("printf '\\033]2;{title}\\007'; sleep 600");
    display.spawn("xterm", ["-e", "sh", "-c", &script]).unwrap();
}

#[test]
fn what_happens_is_recorded_sent_and_acknowledged() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let mut display = VirtualDisplay::start(640, 480).unwrap();
    display.start_window_manager().unwrap();
    agent.run(display.name());
    agent.recorder(None);
    terminal(&mut display, "Payroll");
    eventually("the title is stored", || {
        gateway.stored().has_record("Payroll").then_some(())
    });
    eventually("a segment grows at the server", || {
        (!gateway.stored().segments.is_empty()).then_some(())
    });
    assert!(!agent.log().contains("Payroll"), "a title is in the log");
    assert!(agent.stop().success());

    let stored = gateway.stored();
    stored.check_without_holes();
    let entries = stored.entries();
    assert!(matches!(&entries[0], Entry::SessionOpened(session)
        if session.display_name == display.name()));
    let Some(Entry::SessionClosed(closed)) = entries.last() else {
        panic!("{entries:?}");
    };
    let records = stored.records();
    let first = ("Session start".to_owned(), "Monitoring start".to_owned());
    let last = ("Session end".to_owned(), "Shutdown".to_owned());
    assert_eq!((&records[0], records.last().unwrap()), (&first, &last));
    let payroll = entries
        .iter()
        .find_map(|entry| match entry {
            Entry::Activity(record) if record.what.reveal() == "Payroll" => Some(record),
            _ => None,
        })
        .unwrap();
    assert_eq!(payroll.action, Action::Activated);
    assert!(payroll.moment.is_some());
    assert!(
        payroll
            .application
            .as_ref()
            .unwrap()
            .path
            .ends_with("xterm")
    );

    // All segments that were announced are there, whole, and can be played.
    let mut opened = 0;
    for entry in &entries {
        if let Entry::SegmentOpened(segment) = entry {
            opened += 1;
            let end = &stored.sealed[&segment.id];
            assert!(end.end <= closed.end && end.end >= segment.start);
            play(&stored.segments[&segment.id]);
        }
    }
    assert!(opened > 0);
}

#[test]
fn the_policy_decides_whether_the_screen_is_recorded() {
    let gateway = Gateway::start();
    let with = |recording| {
        Policy::new(PolicyParts {
            recording,
            ..PolicyParts::default()
        })
        .unwrap()
    };
    gateway.set_policy(with(Recording::MetadataOnly));
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    display.start_window_manager().unwrap();
    agent.run(display.name());
    eventually("the policy has come and is followed", || {
        let stored = gateway.stored();
        (stored.has_record("Monitoring start") && stored.sealed.len() == stored.segments.len())
            .then_some(())
    });
    gateway.set_policy(with(Recording::Screen));
    eventually("a segment grows", || {
        let stored = gateway.stored();
        (stored.segments.len() > stored.sealed.len()).then_some(())
    });
    gateway.set_policy(with(Recording::MetadataOnly));
    eventually("it ends within 5 seconds of the change", || {
        let stored = gateway.stored();
        (stored.segments.len() == stored.sealed.len()).then_some(())
    });
    terminal(&mut display, "No picture of this");
    eventually("records go on", || {
        let entries = gateway.stored().entries();
        entries.iter().find_map(|entry| match entry {
            Entry::Activity(record) if record.what.reveal() == "No picture of this" => {
                Some(record.moment.is_none())
            }
            _ => None,
        })
    });
    assert!(agent.stop().success());
}

#[test]
fn a_title_that_spins_becomes_few_records_and_the_last_one() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    display.start_window_manager().unwrap();
    agent.run(display.name());
    agent.recorder(None);
    let storm = "i=0; while [ $i -lt 20000 ]; do printf '\\033]2;spin %d\\007' $i; \
                 i=$((i+1)); done; printf '\\033]2;calm\\007'; sleep 600";
    display.spawn("xterm", ["-e", "sh", "-c", storm]).unwrap();
    eventually_within(Duration::from_secs(60), "the last title is stored", || {
        gateway.stored().has_record("calm").then_some(())
    });
    assert!(agent.stop().success());
    let entries = gateway.stored().entries();
    let mut records = 0;
    let mut changes = 0;
    let (mut first, mut last) = (None, None);
    for entry in entries {
        if let Entry::Activity(record) = entry
            && record.action == Action::Activated
        {
            records += 1;
            changes += u64::from(record.coalesced) + 1;
            first = first.or(Some(record.when));
            last = Some(record.when);
        }
    }
    let secs = last.unwrap().saturating_since(first.unwrap()).as_secs();
    let most = (secs + 2) * u64::from(Policy::default().max_titles_per_second()) + 5;
    assert!(records <= most, "{records} records in {secs} s");
    assert!(changes > records, "nothing was coalesced");
}

/// Fails if the segment cannot be played from its first byte to its last.
fn play(segment: &[u8]) {
    let mut reader = SegmentReader::new();
    reader.push(segment);
    let header = reader.header().unwrap().unwrap();
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Rgba).unwrap();
    while let Some(packet) = reader.next_packet().unwrap() {
        if packet.kind != PacketKind::End {
            decoder.decode(&packet).unwrap();
        }
    }
    assert_eq!(reader.unread_bytes(), 0);
}

#[test]
fn metrics_are_written_where_the_administrator_wants_them_and_all_can_read_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("eidetic-agent.prom");
    let display = VirtualDisplay::start(320, 240).unwrap();
    agent.run_with_metrics(display.name(), &file);
    eventually("it tells that it records and is connected", || {
        let text = std::fs::read_to_string(&file).ok()?;
        let tells = |line| text.lines().any(|told| told == line);
        (tells("eidetic_agent_connected 1") && tells("eidetic_agent_sessions_recorded 1"))
            .then_some(())
    });
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(agent.stop().success());
}
