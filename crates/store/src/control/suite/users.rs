//! Users, their sign-ins, what they saw; settings.

use std::sync::Arc;

use super::at;
use crate::control::{
    ControlStore, LogMark, Looked, SignIn, SignInId, User, ViewingEvent, ViewingFilter,
};

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

pub(super) async fn viewings_are_filtered_and_paged_from_the_latest(store: Arc<dyn ControlStore>) {
    let event = |when: i64, user: &str, what: &str, object: &str| ViewingEvent {
        when: at(when),
        user: user.into(),
        address: "10.0.0.1".into(),
        what: what.into(),
        object: object.into(),
        before: "x".into(),
        ..ViewingEvent::default()
    };
    let a = event(1, "anna", "watched session", "Ä");
    let b = event(3, "JÜRGEN", "searched", "b");
    let c = event(2, "anna", "searched", "c");
    let d = event(3, "anna", "watched session", "d");
    for event in [&a, &b, &c, &d] {
        store.note_viewing(event.clone()).await.unwrap();
    }
    let page = async |filter: ViewingFilter, before: Option<LogMark>, limit: usize| {
        store.viewings(filter, before, limit).await.unwrap()
    };
    let found = async |filter: ViewingFilter| {
        let found = page(filter, None, 10).await;
        found
            .into_iter()
            .map(|(_, event)| event)
            .collect::<Vec<_>>()
    };
    let first = page(ViewingFilter::default(), None, 3).await;
    let events: Vec<_> = first.iter().map(|(_, event)| event).collect();
    assert_eq!(events, [&d, &b, &c]);
    let last = page(ViewingFilter::default(), Some(first[2].0), 3).await;
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].1, a);
    let by_user = ViewingFilter {
        user: "jür".into(),
        ..ViewingFilter::default()
    };
    assert_eq!(found(by_user).await, [b]);
    let by_the_rest = ViewingFilter {
        what: vec!["watched session".into()],
        object: "ä".into(),
        from: Some(at(1)),
        until: Some(at(2)),
        ..ViewingFilter::default()
    };
    assert_eq!(found(by_the_rest).await, [a]);
}

pub(super) async fn how_much_was_looked_at_grows(store: Arc<dyn ControlStore>) {
    let event = ViewingEvent {
        what: "watched session".into(),
        ..ViewingEvent::default()
    };
    let other = store.note_viewing(event.clone()).await.unwrap();
    let id = store.note_viewing(event.clone()).await.unwrap();
    assert_ne!(id, other);
    let looked = Looked {
        from: at(5),
        until: at(9),
        last: at(100),
    };
    store.note_looked(id, looked).await.unwrap();
    let kept = store.viewings(ViewingFilter::default(), None, 10).await;
    let kept: Vec<_> = kept
        .unwrap()
        .into_iter()
        .map(|(_, event)| event.looked)
        .collect();
    assert_eq!(kept, [Some(looked), None]);
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
