//! Monitoring plans.

use std::sync::Arc;

use eidetic_model::PlanId;
use uuid::Uuid;

use crate::control::{ControlStore, PlansReplaced, StoredPlan, StoredPlans};

pub(super) async fn plans_come_back_in_their_order(store: Arc<dyn ControlStore>) {
    assert_eq!(store.plans().await.unwrap(), StoredPlans::default());
    let first = plans(7, &[3, 1, 2]);
    let replaced = store.replace_plans(0, first.clone()).await.unwrap();
    assert_eq!(replaced, PlansReplaced::Yes);
    assert_eq!(store.plans().await.unwrap(), first);
    let second = plans(8, &[2, 3]);
    let replaced = store.replace_plans(7, second.clone()).await.unwrap();
    assert_eq!(replaced, PlansReplaced::Yes);
    assert_eq!(store.plans().await.unwrap(), second);
}

pub(super) async fn of_two_who_change_plans_at_once_one_is_told(store: Arc<dyn ControlStore>) {
    let changes = (1..=20).map(|id| {
        let store = store.clone();
        tokio::spawn(async move { store.replace_plans(0, plans(1, &[id])).await.unwrap() })
    });
    let mut outcomes = Vec::new();
    for change in changes.collect::<Vec<_>>() {
        outcomes.push(change.await.unwrap());
    }
    outcomes.sort_by_key(|outcome| *outcome != PlansReplaced::Yes);
    assert_eq!(outcomes[0], PlansReplaced::Yes);
    assert_eq!(outcomes[1..], [PlansReplaced::Conflict; 19]);
    assert_eq!(store.plans().await.unwrap().plans.len(), 1);
}

fn plans(revision: u64, ids: &[u128]) -> StoredPlans {
    let plan = |id: &u128| StoredPlan {
        id: PlanId::from_uuid(Uuid::from_u128(*id)),
        value: format!("plan {id}"),
    };
    StoredPlans {
        revision,
        plans: ids.iter().map(plan).collect(),
    }
}
