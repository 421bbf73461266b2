//! What agents tell of their prerequisites.

use eidetic_model::{AdjustmentId, AdjustmentRecord, CheckReport, UnmetCheck};
use eidetic_store::control::HealthFilter;
use eidetic_wire::{ProtocolVersion, convert::to_proto};
use uuid::Uuid;

use super::{
    admission::enrolled,
    agent::{Attached, Said, Say, hello},
    server::TestServer,
    things::{SESSION, session_opened},
};

fn report(at_secs: i64, found: &str) -> CheckReport {
    let at = eidetic_model::Timestamp::from_unix_micros(at_secs * 1_000_000);
    CheckReport {
        at,
        unmet: vec![UnmetCheck {
            check: "spool-space".into(),
            found: found.into(),
            by_hand: vec!["Make room.".into()],
        }],
        adjustments: vec![AdjustmentRecord {
            id: AdjustmentId::from_uuid(Uuid::from_u128(5)),
            check: "agent-folder".into(),
            at,
            before: "its mode is 0755".into(),
            after: "closed".into(),
            problem: None,
        }],
    }
}

async fn acknowledged(attached: &mut Attached) -> Vec<Vec<u8>> {
    match attached.hear().await {
        Some(Said::CheckReportStored(stored)) => {
            assert!(stored.server_time > 0);
            let ids = stored.adjustment_ids.iter();
            ids.map(|id| id.to_vec()).collect()
        }
        other => panic!("not acknowledged, but {other:?}"),
    }
}

#[tokio::test]
async fn a_report_is_kept_before_it_is_acknowledged_and_outlives_a_restart() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let mut attached = agent.attach_as(&hello(ProtocolVersion(2))).await;
    assert!(attached.welcome.server_time > 0);
    // The second time as after a lost acknowledgement.
    for at_secs in [10, 20] {
        let message = to_proto::check_report(&report(at_secs, "1 MiB free"));
        attached.say(Say::CheckReport(message)).await;
        let ids = acknowledged(&mut attached).await;
        assert_eq!(ids, [Uuid::from_u128(5).into_bytes().to_vec()]);
    }
    drop(attached);
    let server = server.restart().await;
    let control = &server.components.control;
    let known = control.checks().await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].agent, agent.id);
    assert_eq!(known[0].unmet[0].check.found, "1 MiB free");
    assert_eq!(known[0].unmet[0].since.as_unix_micros(), 10_000_000);
    let adjustments = control.adjustments(agent.id, 10).await.unwrap();
    assert_eq!(adjustments, report(10, "").adjustments);
    let adjusted = HealthFilter {
        kinds: vec![
            "prerequisite_adjusted".to_owned(),
            "prerequisite_not_mended".to_owned(),
        ],
        ..HealthFilter::default()
    };
    let log = server.components.health.health_events(adjusted, None, 10);
    assert_eq!(log.await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_agent_is_asked_to_look_alone_and_an_older_one_is_left_in_peace() {
    let server = TestServer::start().await;
    let (asked, other) = (enrolled(&server).await, enrolled(&server).await);
    let mut asked_for = asked.attach_as(&hello(ProtocolVersion(2))).await;
    let mut of_other = other.attach_as(&hello(ProtocolVersion(1))).await;
    for id in [other.id, asked.id] {
        server.components.check_requests.send(id).unwrap();
    }
    assert!(matches!(asked_for.hear().await, Some(Said::CheckNow(_))));
    // What it hears first is the answer to this.
    of_other.say_entries(1, &[session_opened(SESSION)]).await;
    assert_eq!(of_other.stored_through().await, 1);
}
