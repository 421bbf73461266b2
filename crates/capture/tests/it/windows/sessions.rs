//! Sessions.

use eidetic_capture::{
    SessionChange, Sessions,
    windows::{WtsSessions, session_number},
};

#[tokio::test]
async fn session_of_this_process_is_there_at_the_start() {
    let (mut sessions, _notices) = WtsSessions::watch().unwrap();
    let SessionChange::Began {
        session,
        already_there,
    } = sessions.next().await.unwrap()
    else {
        panic!("it did not begin");
    };
    assert!(already_there);
    assert!(session_number(&session.id).unwrap() > 0);
    assert!(session.user_name.contains('\\'), "{}", session.user_name);
}

#[tokio::test]
async fn what_windows_tells_the_service_becomes_a_change() {
    const LOCK: u32 = 7;
    let (mut sessions, notices) = WtsSessions::watch().unwrap();
    let SessionChange::Began { session, .. } = sessions.next().await.unwrap() else {
        panic!("it did not begin");
    };
    notices.session_changed(99, 1);
    notices.session_changed(LOCK, session_number(&session.id).unwrap());
    let change = sessions.next().await.unwrap();
    let locked = SessionChange::Happened {
        id: session.id,
        event: eidetic_model::SessionEvent::Lock,
    };
    assert_eq!(change, locked);
}
