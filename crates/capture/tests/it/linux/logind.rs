//! Sessions, from a logind of our own on a private bus.

use std::{os::unix::process::CommandExt as _, time::Duration};

use eidetic_capture::{
    CaptureError, LoginSession, LoginSessionId, SessionChange, Sessions as _,
    linux::{Logind, UnattendedDisplay},
};
use eidetic_model::SessionOrigin;
use eidetic_testkit::{PrivateBus, PrivateLogind, PrivateSession};
use tokio::time::timeout;

/// Long enough for anything that is going to happen.
const LONG: Duration = Duration::from_secs(20);

/// Long enough to be sure that nothing more happens.
const SHORT: Duration = Duration::from_millis(200);

struct Stage {
    bus: PrivateBus,
    logind: PrivateLogind,
    sessions: Logind,
}

impl Stage {
    /// A logind with these sessions and a client that has not asked for anything.
    async fn with(there: impl IntoIterator<Item = PrivateSession>) -> Self {
        let bus = PrivateBus::start().unwrap();
        let logind = PrivateLogind::start(&bus).await.unwrap();
        for session in there {
            logind.begin_unheard(session).await.unwrap();
        }
        let sessions = Logind::connect(Some(bus.address())).await.unwrap();
        Self {
            bus,
            logind,
            sessions,
        }
    }

    /// The next change, in a word or two.
    async fn told(&mut self) -> String {
        let change = timeout(LONG, self.sessions.next()).await;
        match change.expect("something happens").unwrap() {
            SessionChange::Began {
                session,
                already_there,
            } => {
                let how = if already_there { "is there" } else { "began" };
                format!("{} {how}", session.id.0)
            }
            SessionChange::Happened { id, event } => format!("{}: {}", id.0, event.what()),
            SessionChange::Ended { id } => format!("{} ended", id.0),
            SessionChange::ConnectedFrom { id, .. } => format!("{} from elsewhere", id.0),
            SessionChange::ShuttingDown => "shutting down".to_owned(),
        }
    }

    async fn nothing_more(&mut self) {
        if let Ok(change) = timeout(SHORT, self.sessions.next()).await {
            panic!("{change:?}");
        }
    }
}

fn alice(id: &str) -> PrivateSession {
    PrivateSession::local(id, 1001, "alice", ":0")
}

#[tokio::test]
async fn all_that_is_known_of_a_session_is_told() {
    let mut remote = alice("c2");
    remote.remote_host = Some("10.0.0.7".to_owned());
    remote.leader = 4_242;
    let mut stage = Stage::with([remote]).await;
    let change = timeout(LONG, stage.sessions.next()).await.unwrap().unwrap();
    let expected = LoginSession {
        id: LoginSessionId("c2".to_owned()),
        user_name: "alice".to_owned(),
        user_id: 1001,
        origin: SessionOrigin::Remote {
            workstation: "10.0.0.7".to_owned(),
        },
        display: Some(":0".to_owned()),
        leader: Some(4_242),
    };
    assert_eq!(
        change,
        SessionChange::Began {
            session: expected,
            already_there: true
        }
    );
}

#[tokio::test]
async fn every_event_of_logind_has_its_wording() {
    let mut stage = Stage::with([alice("c1")]).await;
    assert_eq!(stage.told().await, "c1 is there");

    stage.logind.begin(alice("c2")).await.unwrap();
    assert_eq!(stage.told().await, "c2 began");
    assert_eq!(stage.told().await, "c2: Local session start");

    let mut remote = alice("c3");
    remote.remote_host = Some("desk.example".to_owned());
    stage.logind.begin(remote).await.unwrap();
    assert_eq!(stage.told().await, "c3 began");
    assert_eq!(stage.told().await, "c3: Remote connection");

    stage.logind.ask_to_lock("c1", true).await.unwrap();
    stage.logind.set_locked("c1", true).await.unwrap();
    assert_eq!(stage.told().await, "c1: Lock");
    stage.logind.ask_to_lock("c1", false).await.unwrap();
    stage.logind.set_locked("c1", false).await.unwrap();
    assert_eq!(stage.told().await, "c1: Unlock");

    stage.logind.set_active("c1", false).await.unwrap();
    assert_eq!(stage.told().await, "c1: Console disconnection");
    stage.logind.set_active_unsaid("c1", true).await.unwrap();
    assert_eq!(stage.told().await, "c1: Console connection");

    stage.logind.set_active("c3", false).await.unwrap();
    assert_eq!(stage.told().await, "c3: Remote disconnection");
    stage.logind.set_active("c3", true).await.unwrap();
    assert_eq!(stage.told().await, "c3: Remote connection");

    stage.logind.set_state("c2", "closing").await.unwrap();
    assert_eq!(stage.told().await, "c2 ended");
    stage.logind.remove("c2").await.unwrap();
    stage.logind.remove("c3").await.unwrap();
    assert_eq!(stage.told().await, "c3 ended");

    stage.logind.prepare_for_shutdown(true).await.unwrap();
    assert_eq!(stage.told().await, "shutting down");
    stage.nothing_more().await;
}

#[tokio::test]
async fn events_that_come_together_keep_their_order() {
    let mut stage = Stage::with([alice("c1")]).await;
    assert_eq!(stage.told().await, "c1 is there");
    for _ in 0..100 {
        stage.logind.set_locked("c1", true).await.unwrap();
        stage.logind.set_active("c1", false).await.unwrap();
        stage.logind.set_active("c1", true).await.unwrap();
        stage.logind.set_locked("c1", false).await.unwrap();
    }
    for _ in 0..100 {
        assert_eq!(stage.told().await, "c1: Lock");
        assert_eq!(stage.told().await, "c1: Console disconnection");
        assert_eq!(stage.told().await, "c1: Console connection");
        assert_eq!(stage.told().await, "c1: Unlock");
    }
    stage.nothing_more().await;
}

#[tokio::test]
async fn sessions_that_are_no_desktops_of_users_are_left_out() {
    let mut greeter = alice("c1");
    greeter.class = "greeter".to_owned();
    let mut terminal = alice("c2");
    terminal.kind = "tty".to_owned();
    let mut wayland = alice("c3");
    wayland.kind = "wayland".to_owned();
    let mut stage = Stage::with([greeter, terminal, wayland]).await;
    let change = timeout(LONG, stage.sessions.next()).await.unwrap().unwrap();
    let SessionChange::Began { session, .. } = change else {
        panic!("{change:?}");
    };
    assert_eq!((session.id.0.as_str(), session.display), ("c3", None));
    stage.nothing_more().await;

    stage.logind.set_kind("c2", "x11").await.unwrap();
    assert_eq!(stage.told().await, "c2 began");
    assert_eq!(stage.told().await, "c2: Local session start");
}

#[tokio::test]
async fn display_that_logind_does_not_know_is_found_by_the_leader() {
    let mut leader = std::process::Command::new("sh")
        .args(["-c", "DISPLAY=:77 sleep 1000 & wait"])
        .process_group(0)
        .spawn()
        .unwrap();
    let mut stage = Stage::with([alice("c1")]).await;
    assert_eq!(stage.told().await, "c1 is there");
    let mut session = PrivateSession::local("c2", 0, "root", "");
    session.leader = leader.id();
    stage.logind.begin(session).await.unwrap();
    let change = timeout(LONG, stage.sessions.next()).await.unwrap().unwrap();
    let group = format!("-{}", leader.id());
    std::process::Command::new("kill")
        .args(["--", &group])
        .status()
        .unwrap();
    leader.wait().unwrap();
    let SessionChange::Began { session, .. } = change else {
        panic!("{change:?}");
    };
    assert_eq!(session.display.as_deref(), Some(":77"));
}

#[tokio::test]
async fn logind_that_starts_anew_is_asked_for_what_was_missed() {
    let mut stage = Stage::with([alice("c1"), alice("c2")]).await;
    assert_eq!(stage.told().await, "c1 is there");
    assert_eq!(stage.told().await, "c2 is there");
    stage.logind.remove_unheard("c1").await.unwrap();
    stage.logind.begin_unheard(alice("c3")).await.unwrap();
    stage.nothing_more().await;
    stage.logind = stage.logind.restart(&stage.bus).await.unwrap();
    stage.logind.set_active("c2", false).await.unwrap();
    let mut told = vec![stage.told().await, stage.told().await];
    told.extend([stage.told().await, stage.told().await]);
    told.sort();
    assert_eq!(
        told,
        [
            "c1 ended",
            "c2: Console disconnection",
            "c3 began",
            "c3: Local session start"
        ]
    );
}

#[tokio::test]
async fn signals_of_anybody_else_are_not_believed() {
    let mut stage = Stage::with([alice("c1")]).await;
    assert_eq!(stage.told().await, "c1 is there");
    let liar = stage.bus.connect().await.unwrap();
    let names = zbus::fdo::DBusProxy::new(&liar).await.unwrap();
    let own = liar.unique_name().unwrap().clone();
    for name in names.list_names().await.unwrap() {
        if name.starts_with(':') && name.as_str() != own.as_str() {
            let path = "/org/freedesktop/login1/session/c1";
            let session = "org.freedesktop.login1.Session";
            liar.emit_signal(Some(&name), path, session, "Lock", &())
                .await
                .unwrap();
            let path = "/org/freedesktop/login1";
            let manager = "org.freedesktop.login1.Manager";
            liar.emit_signal(Some(&name), path, manager, "PrepareForShutdown", &true)
                .await
                .unwrap();
        }
    }
    stage.nothing_more().await;
    stage.logind.ask_to_lock("c1", true).await.unwrap();
    assert_eq!(stage.told().await, "c1: Lock");
}

#[tokio::test]
async fn giving_up_a_wait_loses_nothing() {
    const ROUNDS: usize = 50;
    let mut stage = Stage::with([alice("c1")]).await;
    for round in 0..ROUNDS {
        let id = format!("s{round}");
        stage.logind.begin(alice(&id)).await.unwrap();
    }
    stage.logind.prepare_for_shutdown(true).await.unwrap();
    let mut told = Vec::new();
    let mut waits = 0;
    while told.last() != Some(&SessionChange::ShuttingDown) {
        waits += 1;
        assert!(waits < 20_000, "{} changes were told", told.len());
        let impatience = Duration::from_micros(waits % 40 * 25);
        if let Ok(change) = timeout(impatience, stage.sessions.next()).await {
            told.push(change.unwrap());
        }
    }
    let began = told
        .iter()
        .filter(|change| matches!(change, SessionChange::Began { .. }));
    assert_eq!(began.count(), 1 + ROUNDS);
}

#[tokio::test]
async fn bus_that_goes_away_is_told() {
    let mut stage = Stage::with([alice("c1")]).await;
    assert_eq!(stage.told().await, "c1 is there");
    stage.bus.kill();
    let failure = timeout(LONG, stage.sessions.next()).await.unwrap();
    assert!(
        matches!(failure, Err(CaptureError::Gone { .. })),
        "{failure:?}"
    );
}

#[tokio::test]
async fn computer_without_logind_says_so() {
    let absent = Logind::connect(Some("unix:path=/nowhere/at/all")).await;
    assert!(matches!(absent, Err(CaptureError::Unsupported { .. })));
    let bus = PrivateBus::start().unwrap();
    let absent = Logind::connect(Some(bus.address())).await;
    assert!(matches!(absent, Err(CaptureError::Unsupported { .. })));
}

#[tokio::test]
async fn display_without_logind_is_one_session_for_ever() {
    let mut sessions = UnattendedDisplay::new(":99", 0);
    let change = sessions.next().await.unwrap();
    let SessionChange::Began {
        session,
        already_there: true,
    } = change
    else {
        panic!("{change:?}");
    };
    assert_eq!(session.user_name, "root");
    assert_eq!(session.display.as_deref(), Some(":99"));
    assert!(timeout(SHORT, sessions.next()).await.is_err());
}
