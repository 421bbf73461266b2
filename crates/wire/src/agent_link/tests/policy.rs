//! How policies come, and how the server hears that they are in force.

use eidetic_model::Policy;

use super::{
    super::{Health, Input, Output},
    tested::{Tested, welcome},
};
use crate::{
    convert::to_proto,
    proto::{self, from_agent::Message as FromAgent, to_agent::Message as ToAgent},
};

#[test]
fn a_policy_that_cannot_be_followed_leaves_the_old_one() {
    let mut link = Tested::open(0, 0);
    let policy = to_proto::policy(4, &Policy::default());
    link.message(ToAgent::Policy(proto::Policy {
        max_frames_per_second: 9_999,
        ..policy.clone()
    }));
    assert!(matches!(link.next(), Output::PolicyUnusable(_)));
    link.message(ToAgent::Policy(policy));
    assert!(matches!(
        link.next(),
        Output::PolicyChanged { revision: 4, .. }
    ));
}

#[test]
fn that_a_policy_is_applied_is_told_at_once() {
    let mut link = Tested::open(0, 0);
    let health = Health {
        policy_revision: 3,
        ..Health::default()
    };
    link.give(Input::Health(health));
    assert!(matches!(link.sent(), FromAgent::Status(status) if status.policy_revision == 3));
    link.give(Input::Health(health));
    link.quiet();
}

#[test]
fn the_built_in_policy_is_handed_over_too() {
    let mut link = Tested::new(0, 0);
    link.connect(proto::Welcome {
        policy: Some(to_proto::policy(0, &Policy::default())),
        ..welcome(0)
    });
    assert!(matches!(
        link.next(),
        Output::PolicyChanged { revision: 0, .. }
    ));
}
