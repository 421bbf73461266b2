//! A server in memory, and browsers that ask it.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Response, header},
};
use eidetic_model::{
    Action, ActivityRecord, AgentId, Application, Captured, DisplayIndex, Entry, ObjectType,
    PlanId, RecordSequence, SegmentDescription, SegmentId, SessionDescription, SessionEnding,
    SessionId, SessionOrigin, SpoolId, Timestamp,
};
use eidetic_runtime::Shutdown;
use eidetic_server::{
    api::{self, ApiState, auth::password},
    components::{Change, Components, ConnectedAgents, News},
    control::Lines,
    deployment::{Deployment, vault::Vault},
    directory::Directories,
    health::duplicates::Duplicates,
    mail::Mail,
    plans::PlanBook,
};
use eidetic_store::{
    audit::{Batch, MemoryAudit},
    control::{Applied, SqliteControl, User},
    segments::{Appended, MemorySegments},
};
use eidetic_testkit::{CountedIds, SimulatedClock};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt as _;
use uuid::Uuid;

pub const PASSWORD: &str = "a password for tests";

pub const START: Timestamp = Timestamp::from_unix_micros(1_767_225_600_000_000);

pub const AGENT: AgentId = AgentId::from_uuid(Uuid::from_u128(0xA6E));

const SPOOL: SpoolId = SpoolId::from_uuid(Uuid::from_u128(0x5001));

/// A server with the user `anna`, whose password is [`PASSWORD`].
pub struct Server {
    pub components: Components,
    pub clock: SimulatedClock,
    pub state: ApiState,
    pub shutdown: Shutdown,
    router: Router,
    sequence: std::sync::atomic::AtomicU64,
}

impl Server {
    pub async fn start() -> Self {
        let clock = SimulatedClock::at(START);
        let control = Arc::new(SqliteControl::in_memory().unwrap());
        let components = Components {
            audit: Arc::new(MemoryAudit::new()),
            health: control.clone(),
            control,
            segments: Arc::new(MemorySegments::new()),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(CountedIds::default()),
            news: News::new(),
            plans: watch::Sender::new(Arc::new(PlanBook::default())),
            connected: ConnectedAgents::default(),
            lines: Lines::default(),
            duplicates: Duplicates::default(),
            listening_since: START,
            directories: Directories::default(),
            mail: Mail::new(Vault::new([9; 32])),
            deployment: Deployment::new(Vault::new([9; 32])),
            check_requests: tokio::sync::broadcast::Sender::new(16),
        };
        let server = Self::of(components, clock);
        server.add_user("anna", false).await;
        server
    }

    /// Another server with these components, and the same clock. Whoever is signed in to the one
    /// is signed in to the other if they share their control data.
    pub fn with(&self, components: Components) -> Self {
        Self::of(components, self.clock.clone())
    }

    /// A server with these components, which have this clock. It has no users of its own.
    pub fn of(components: Components, clock: SimulatedClock) -> Self {
        let shutdown = Shutdown::new();
        let state = ApiState::new(components.clone(), b"the authority", shutdown.signal());
        Self {
            router: api::router(state.clone()),
            state,
            components,
            clock,
            shutdown,
            sequence: 1.into(),
        }
    }

    /// The agent's packages are in this folder.
    pub fn use_packages(&mut self, folder: &std::path::Path) {
        self.state = self.state.clone().with_packages(folder);
        self.router = api::router(self.state.clone());
    }

    pub async fn add_user(&self, name: &str, must_change_password: bool) {
        static HASH: OnceLock<String> = OnceLock::new();
        let hash = HASH.get_or_init(|| password::hash(PASSWORD).unwrap());
        let user = User {
            name: name.to_owned(),
            password_hash: hash.clone(),
            must_change_password,
        };
        self.components.control.put_user(user).await.unwrap();
    }

    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            server: self,
            cookie: None,
        }
    }

    /// A browser in which `anna` is signed in.
    pub async fn signed_in(&self) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = browser.sign_in("anna", PASSWORD).await;
        assert_eq!(answer.status, 200, "{:?}", answer.text());
        browser
    }

    pub async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Takes entries in as the gateway does.
    pub async fn take_in(&self, entries: Vec<Entry>) {
        self.take_in_under(PlanId::DEFAULT, entries).await;
    }

    /// The same, of a computer in this plan.
    pub async fn take_in_under(&self, plan: PlanId, entries: Vec<Entry>) {
        let count = u64::try_from(entries.len()).unwrap();
        let first = self
            .sequence
            .fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        let entries: Vec<_> = (first..).map(RecordSequence).zip(entries).collect();
        let activities = entries.iter().filter_map(|(sequence, entry)| match entry {
            Entry::Activity(record) => Some((*sequence, record.clone())),
            _ => None,
        });
        let records: BTreeMap<_, _> = activities.collect();
        let changed: Vec<_> = records.values().map(|record| record.session).collect();
        self.components
            .audit
            .append(Batch {
                agent: AGENT,
                spool: SPOOL,
                records,
            })
            .await
            .unwrap();
        let applied = self
            .components
            .control
            .apply(AGENT, SPOOL, plan, &entries)
            .await
            .unwrap();
        let last = entries.last().unwrap().0;
        assert_eq!(applied, Applied::Through(last));
        for session in changed {
            self.components.news.tell(Change::Activities(session));
        }
        for (_, entry) in &entries {
            match entry {
                Entry::SessionClosed(ending) => {
                    self.components.news.tell(Change::Session(ending.session));
                }
                Entry::Idle(stretch) => {
                    self.components.news.tell(Change::Session(stretch.session));
                }
                Entry::SegmentOpened(segment) => self.components.news.tell(Change::Segment {
                    session: segment.session,
                    segment: segment.id,
                }),
                _ => {}
            }
        }
    }

    /// Adds bytes to a growing segment.
    pub async fn grow(
        &self,
        session: SessionId,
        segment: SegmentId,
        bytes: &[u8],
        until: Timestamp,
    ) {
        let store = &self.components.segments;
        let before = store.durable_bytes(segment).await.unwrap();
        let appended = store
            .append(segment, before, bytes.to_vec().into())
            .await
            .unwrap();
        let Appended::Durable(durable) = appended else {
            panic!("{appended:?}");
        };
        self.components
            .control
            .grow_segment(segment, durable, until, &[])
            .await
            .unwrap();
        self.components
            .news
            .tell(Change::Segment { session, segment });
    }
}

/// One browser, with its cookie.
pub struct Browser<'s> {
    pub server: &'s Server,
    pub cookie: Option<String>,
}

impl Browser<'_> {
    pub async fn sign_in(&mut self, user: &str, password: &str) -> Answer {
        let body = json!({"user_name": user, "password": password});
        let answer = self.post("/api/v1/sign-in", &body).await;
        if let Some(cookie) = answer.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        }
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path).body(Body::empty()).unwrap())
            .await
    }

    /// A GET that must succeed.
    pub async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.change("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.change("PUT", path, body).await
    }

    /// A change of what had this revision.
    pub async fn put_if(&self, path: &str, revision: u64, body: &Value) -> Answer {
        let request = self
            .request("PUT", path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, format!("\"{revision}\""))
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    pub async fn delete_if(&self, path: &str, revision: u64) -> Answer {
        let request = self
            .request("DELETE", path)
            .header(header::IF_MATCH, format!("\"{revision}\""))
            .body(Body::empty());
        self.send(request.unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.server.ask(request).await).await
    }

    /// A request with the cookie, and what a browser adds to the console's own.
    pub fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-eidetic-request", "1");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request
    }

    async fn change(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }
}

/// A whole answer.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn of(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.to_vec(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that it is a problem of this status, in the one shape; gives it.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(problem[member].is_string(), "{member} in {problem}");
        }
        problem
    }
}

pub fn session_id(number: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(0x5E55_0000 + number))
}

pub fn segment_id(number: u128) -> SegmentId {
    SegmentId::from_uuid(Uuid::from_u128(0x5E60_0000 + number))
}

pub fn at_secs(secs: u64) -> Timestamp {
    START.saturating_add(Duration::from_secs(secs))
}

pub fn opened(number: u128, start_secs: u64) -> Entry {
    Entry::SessionOpened(SessionDescription {
        id: session_id(number),
        who: "CORP\\anna".to_owned(),
        where_: "RDS01".to_owned(),
        origin: SessionOrigin::Remote {
            workstation: "LAPTOP7".to_owned(),
        },
        display_name: ":0".to_owned(),
        start: at_secs(start_secs),
    })
}

pub fn closed(number: u128, end_secs: u64) -> Entry {
    Entry::SessionClosed(SessionEnding {
        session: session_id(number),
        end: at_secs(end_secs),
    })
}

pub fn activity(session: u128, secs: u64, title: &str) -> Entry {
    Entry::Activity(ActivityRecord {
        session: session_id(session),
        when: at_secs(secs),
        who: "CORP\\anna".to_owned(),
        action: Action::Activated,
        object_type: ObjectType::Window,
        what: Captured::new(title),
        where_: "RDS01".to_owned(),
        workstation: Some("LAPTOP7".to_owned()),
        details: vec![],
        application: Some(Application {
            path: "/usr/bin/editor".to_owned(),
            description: "Editor".to_owned(),
        }),
        coalesced: 0,
        moment: None,
    })
}

pub fn session_event(session: u128, secs: u64, action: Action, what: &str) -> Entry {
    let object_type = match action {
        Action::RecordingGap => ObjectType::Recording,
        _ => ObjectType::UserSession,
    };
    let Entry::Activity(record) = activity(session, secs, what) else {
        unreachable!("made just above")
    };
    Entry::Activity(ActivityRecord {
        action,
        object_type,
        application: None,
        ..record
    })
}

pub fn segment_opened(session: u128, segment: u128, start_secs: u64) -> Entry {
    Entry::SegmentOpened(SegmentDescription {
        id: segment_id(segment),
        session: session_id(session),
        display: DisplayIndex(0),
        start: at_secs(start_secs),
        width: 640,
        height: 400,
        left: 0,
        top: 0,
    })
}
