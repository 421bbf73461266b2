//! What agents told of the prerequisites of their computers.

use std::sync::Arc;

use eidetic_model::{AdjustmentId, AdjustmentRecord, UnmetCheck};
use uuid::Uuid;

use super::{agent_id, at};
use crate::control::ControlStore;

fn unmet(check: &str, found: &str) -> UnmetCheck {
    UnmetCheck {
        check: check.into(),
        found: found.into(),
        by_hand: vec!["one".into(), "two".into()],
    }
}

pub(super) async fn the_last_report_counts_and_remembers_since_when(store: Arc<dyn ControlStore>) {
    assert!(store.checks().await.unwrap().is_empty());
    let first = vec![unmet("spool-space", "1 MiB"), unmet("logind", "silent")];
    store.keep_checks(agent_id(1), at(10), first).await.unwrap();
    let second = vec![unmet("spool-space", "2 MiB"), unmet("x-access", "no key")];
    store
        .keep_checks(agent_id(1), at(20), second)
        .await
        .unwrap();
    store
        .keep_checks(agent_id(2), at(15), vec![])
        .await
        .unwrap();
    let known = store.checks().await.unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!((known[0].agent, known[0].at), (agent_id(1), at(20)));
    let told: Vec<_> = known[0]
        .unmet
        .iter()
        .map(|known| (known.check.clone(), known.since))
        .collect();
    let expected = [
        (unmet("spool-space", "2 MiB"), at(10)),
        (unmet("x-access", "no key"), at(20)),
    ];
    assert_eq!(told, expected);
    assert!(known[1].unmet.is_empty());
    // What was met meanwhile begins anew.
    store
        .keep_checks(agent_id(1), at(30), vec![])
        .await
        .unwrap();
    let again = vec![unmet("spool-space", "1 MiB")];
    store.keep_checks(agent_id(1), at(40), again).await.unwrap();
    let known = store.checks().await.unwrap();
    assert_eq!(known[0].unmet[0].since, at(40));
}

pub(super) async fn an_adjustment_that_is_told_twice_is_kept_once(store: Arc<dyn ControlStore>) {
    let adjustment = |id: u128, time| AdjustmentRecord {
        id: AdjustmentId::from_uuid(Uuid::from_u128(id)),
        check: "agent-folder".into(),
        at: at(time),
        before: "its mode is 0755".into(),
        after: "closed".into(),
        problem: (id == 2).then(|| "not permitted".into()),
    };
    for id in [1, 2, 1] {
        let noted = store.note_adjustment(agent_id(1), adjustment(id, 10 * id as i64));
        noted.await.unwrap();
    }
    let kept = store.adjustments(agent_id(1), 10).await.unwrap();
    assert_eq!(kept, [adjustment(2, 20), adjustment(1, 10)]);
    assert_eq!(store.adjustments(agent_id(1), 1).await.unwrap().len(), 1);
    assert!(store.adjustments(agent_id(2), 10).await.unwrap().is_empty());
}
