//! Sessions.

use eidetic_capture::{
    SessionChange, Sessions,
    windows::{WtsSessions, session_number},
};
use eidetic_model::SessionEvent;

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
async fn what_windows_tells_the_service_and_a_recorder_becomes_one_change() {
    const LOGOFF: u32 = 6;
    const LOCK: u32 = 7;
    const UNLOCK: u32 = 8;
    let (mut sessions, notices) = WtsSessions::watch().unwrap();
    let SessionChange::Began { session, .. } = sessions.next().await.unwrap() else {
        panic!("it did not begin");
    };
    notices.told_the_service(99, 1);
    let number = session_number(&session.id).unwrap();
    notices.told_a_recorder(&session.id, LOGOFF);
    notices.told_the_service(LOCK, number);
    notices.told_a_recorder(&session.id, LOCK);
    notices.told_a_recorder(&session.id, UNLOCK);
    notices.told_the_service(UNLOCK, number);
    notices.told_the_service(LOCK, number);
    for event in [SessionEvent::Lock, SessionEvent::Unlock, SessionEvent::Lock] {
        let change = sessions.next().await.unwrap();
        let id = session.id.clone();
        assert_eq!(change, SessionChange::Happened { id, event });
    }
}
