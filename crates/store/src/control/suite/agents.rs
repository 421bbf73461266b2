//! Agents and their enrolment.

use std::sync::Arc;

use eidetic_model::ComputerFacts;

use super::{agent_id, at};
use crate::control::{
    Agent, AgentDescription, AgentState, ControlStore, Enrolling, EnrolmentToken, Redeemed, TakenUp,
};

pub(super) async fn of_many_redemptions_at_once_one_gets_the_token(store: Arc<dyn ControlStore>) {
    let token = |secret: u8, expires: i64| EnrolmentToken {
        secret_sha256: [secret; 32],
        created: at(0),
        expires: at(expires),
    };
    store.add_enrolment_token(token(1, 100)).await.unwrap();
    store.add_enrolment_token(token(2, 50)).await.unwrap();
    let redemptions = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.redeem_enrolment_token([1; 32], at(60)).await.unwrap() })
    });
    let mut outcomes = Vec::new();
    for redemption in redemptions.collect::<Vec<_>>() {
        outcomes.push(redemption.await.unwrap());
    }
    outcomes.sort_by_key(|outcome| *outcome != Redeemed::Yes);
    assert_eq!(outcomes[0], Redeemed::Yes);
    assert_eq!(outcomes[1..], [Redeemed::AlreadyUsed; 19]);
    // A token that is added again is not fresh again.
    store.add_enrolment_token(token(1, 100)).await.unwrap();
    for (secret, now, expected) in [
        (1, 60, Redeemed::AlreadyUsed),
        (2, 50, Redeemed::Expired),
        (3, 60, Redeemed::Unknown),
    ] {
        assert_eq!(
            store
                .redeem_enrolment_token([secret; 32], at(now))
                .await
                .unwrap(),
            expected
        );
    }
}

pub(super) async fn an_agent_is_kept_with_the_token_that_it_uses_up(store: Arc<dyn ControlStore>) {
    let token = EnrolmentToken {
        secret_sha256: [1; 32],
        created: at(0),
        expires: at(100),
    };
    store.add_enrolment_token(token).await.unwrap();
    let enrol = async |id, secret: u8| {
        let enrolling = Enrolling {
            secret_sha256: [secret; 32],
            agent: agent(id, "host"),
            setting: ("certificate".into(), format!("of {id}")),
        };
        store.enrol_agent(enrolling, at(60)).await.unwrap()
    };
    assert_eq!(enrol(1, 2).await, Redeemed::Unknown);
    assert_eq!(store.agent(agent_id(1)).await.unwrap(), None);
    assert_eq!(store.setting("certificate").await.unwrap(), None);
    assert_eq!(enrol(2, 1).await, Redeemed::Yes);
    assert!(store.agent(agent_id(2)).await.unwrap().is_some());
    assert_eq!(enrol(3, 1).await, Redeemed::AlreadyUsed);
    assert_eq!(store.agents().await.unwrap().len(), 1);
    let (_, setting) = store.setting("certificate").await.unwrap().unwrap();
    assert_eq!(setting, "of 2");
}

pub(super) async fn agents_are_replaced_and_listed_by_name(store: Arc<dyn ControlStore>) {
    for (id, name) in [(1, "zeta"), (2, "Émile"), (3, "alpha"), (4, "BETA")] {
        store.put_agent(agent(id, name)).await.unwrap();
    }
    store.note_contact(agent_id(3), at(77)).await.unwrap();
    store.note_contact(agent_id(9), at(77)).await.unwrap();
    let removed = Agent {
        state: AgentState::Removed,
        certificate_serial: vec![],
        ..agent(4, "beta")
    };
    store.put_agent(removed.clone()).await.unwrap();
    let names: Vec<_> = store
        .agents()
        .await
        .unwrap()
        .into_iter()
        .map(|a| a.computer_name)
        .collect();
    assert_eq!(names, ["alpha", "beta", "zeta", "Émile"]);
    assert_eq!(store.agent(agent_id(4)).await.unwrap(), Some(removed));
    let seen = store.agent(agent_id(3)).await.unwrap().unwrap();
    assert_eq!(seen.last_seen, Some(at(77)));
    assert_eq!(store.agent(agent_id(9)).await.unwrap(), None);
}

pub(super) async fn a_removed_agent_stays_removed_whatever_it_says_meanwhile(
    store: Arc<dyn ControlStore>,
) {
    store.put_agent(agent(1, "old name")).await.unwrap();
    let known = store.agent(agent_id(1)).await.unwrap().unwrap();
    let removed = Agent {
        state: AgentState::Removed,
        ..known
    };
    store.put_agent(removed.clone()).await.unwrap();
    // What was admitted before the removal comes only now.
    let description = AgentDescription {
        computer_name: "new name".into(),
        agent_version: "0.2.0".into(),
        operating_system: "Debian 13".into(),
        facts: ComputerFacts::new(
            ["new".into(), "new.example".into()],
            ["10.0.0.4".parse().unwrap(), "2001:db8::4".parse().unwrap()],
        ),
    };
    let facts = description.facts.clone();
    let described = store.describe_agent(agent_id(1), description.clone());
    described.await.unwrap();
    let taken_up = store.take_up_certificate(agent_id(1), &[9]).await;
    assert_eq!(taken_up.unwrap(), TakenUp::NotActive);
    let expected = Agent {
        computer_name: "new name".into(),
        agent_version: "0.2.0".into(),
        operating_system: "Debian 13".into(),
        facts,
        ..removed
    };
    assert_eq!(store.agent(agent_id(1)).await.unwrap(), Some(expected));

    let described = store.describe_agent(agent_id(2), description);
    described.await.unwrap();
    assert_eq!(store.agent(agent_id(2)).await.unwrap(), None);
}

pub(super) async fn a_certificate_is_taken_up_by_its_agent_only(store: Arc<dyn ControlStore>) {
    for id in [1, 2] {
        store.put_agent(agent(id, "host")).await.unwrap();
    }
    let taken_up = store.take_up_certificate(agent_id(1), &[9]).await;
    assert_eq!(taken_up.unwrap(), TakenUp::Yes);
    let renewed = Agent {
        certificate_serial: vec![9],
        ..agent(1, "host")
    };
    assert_eq!(store.agent(agent_id(1)).await.unwrap(), Some(renewed));
    let other = store.agent(agent_id(2)).await.unwrap();
    assert_eq!(other, Some(agent(2, "host")));
    let taken_up = store.take_up_certificate(agent_id(3), &[9]).await;
    assert_eq!(taken_up.unwrap(), TakenUp::NotActive);
}

pub(super) fn agent(id: u8, name: &str) -> Agent {
    Agent {
        id: agent_id(id),
        computer_name: name.into(),
        agent_version: "0.1.0".into(),
        operating_system: "Debian 12".into(),
        facts: ComputerFacts::default(),
        enrolled: at(5),
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1, 2, 3],
    }
}
