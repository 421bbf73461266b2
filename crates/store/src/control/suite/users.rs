//! Users, their sign-ins, what they saw; settings.

use std::sync::Arc;

use super::at;
use crate::control::{ControlStore, SignIn, SignInId, User, ViewingEvent};

pub(super) async fn users_are_found_whatever_the_case(store: Arc<dyn ControlStore>) {
    let user = |name: &str, hash: &str| User {
        name: name.into(),
        password_hash: hash.into(),
        must_change_password: true,
    };
    assert_eq!(store.user_count().await.unwrap(), 0);
    store.put_user(user("Jürgen", "one")).await.unwrap();
    store.put_user(user("JÜRGEN", "two")).await.unwrap();
    store.put_user(user("admin", "three")).await.unwrap();
    assert_eq!(
        store.user("jürgen").await.unwrap(),
        Some(user("JÜRGEN", "two"))
    );
    assert_eq!(store.user_count().await.unwrap(), 2);
    assert_eq!(store.user("nobody").await.unwrap(), None);
}

pub(super) async fn sign_ins_expire_and_end(store: Arc<dyn ControlStore>) {
    let sign_in = |id: u8, user: &str, expires: i64| SignIn {
        id: SignInId([id; 32]),
        user: user.into(),
        created: at(10),
        expires: at(expires),
    };
    for (id, user) in [(1, "anna"), (2, "Anna"), (3, "ANNA"), (4, "bob")] {
        store.put_sign_in(sign_in(id, user, 100)).await.unwrap();
    }
    let is_there =
        async |id: u8, now: i64| store.sign_in(SignInId([id; 32]), at(now)).await.unwrap();
    assert_eq!(is_there(1, 99).await, Some(sign_in(1, "anna", 100)));
    assert_eq!(is_there(1, 100).await, None);
    store.end_sign_in(SignInId([1; 32])).await.unwrap();
    assert_eq!(is_there(1, 20).await, None);
    store
        .end_other_sign_ins("aNNa", SignInId([3; 32]))
        .await
        .unwrap();
    assert_eq!(is_there(2, 20).await, None);
    assert!(is_there(3, 20).await.is_some());
    assert!(is_there(4, 20).await.is_some());
}

pub(super) async fn a_clock_that_was_set_back_does_not_make_sign_ins_last(
    store: Arc<dyn ControlStore>,
) {
    const HOUR: i64 = 3_600;
    let id = SignInId([1; 32]);
    let sign_in = SignIn {
        id,
        user: "anna".into(),
        created: at(100 * HOUR),
        expires: at(112 * HOUR),
    };
    store.put_sign_in(sign_in).await.unwrap();
    let counts = async |now: i64| store.sign_in(id, at(now)).await.unwrap().is_some();
    assert!(counts(100 * HOUR - 1).await, "a small correction");
    assert!(!counts(99 * HOUR).await);
    assert!(!counts(0).await);
    assert!(!counts(113 * HOUR).await);
    assert!(!counts(1_000_000 * HOUR).await);
    assert!(counts(101 * HOUR).await, "the clock is right again");
}

pub(super) async fn viewings_are_listed_the_latest_first(store: Arc<dyn ControlStore>) {
    let event = |when: i64, object: &str| ViewingEvent {
        when: at(when),
        user: "admin".into(),
        address: "10.0.0.1".into(),
        what: "watched session".into(),
        object: object.into(),
    };
    for event in [event(1, "a"), event(3, "b"), event(2, "c"), event(3, "d")] {
        store.note_viewing(event).await.unwrap();
    }
    assert_eq!(
        store.viewings(3).await.unwrap(),
        [event(3, "d"), event(3, "b"), event(2, "c")]
    );
}

pub(super) async fn settings_count_their_revisions(store: Arc<dyn ControlStore>) {
    assert_eq!(store.setting("policy").await.unwrap(), None);
    assert_eq!(store.put_setting("policy", "a").await.unwrap(), 1);
    assert_eq!(store.put_setting("policy", "b").await.unwrap(), 2);
    assert_eq!(store.put_setting("other", "c").await.unwrap(), 1);
    assert_eq!(
        store.setting("policy").await.unwrap(),
        Some((2, "b".into()))
    );
}
