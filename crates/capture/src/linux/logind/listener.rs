//! Listens to logind and asks it.

use std::{collections::HashMap, time::Duration};

use futures::StreamExt;
use tokio::sync::mpsc;
use zbus::{
    Connection, Message, MessageStream,
    fdo::DBusProxy,
    message::Type,
    names::OwnedUniqueName,
    zvariant::{DynamicType, ObjectPath, OwnedObjectPath},
};

use super::{
    bus::{
        CLOSING, DBUS, ListedSession, MANAGER, MANAGER_PATH, PROPERTIES, SERVICE, SESSION,
        SessionProperties,
    },
    tracker::{Input, SessionFacts, Tracker},
};
use crate::{CaptureError, LoginSessionId, SessionChange, linux::session_display::SessionDisplay};

/// Listens to logind, asks it, and tells the tracker.
pub(super) struct Listener {
    /// For questions. Answers must not wait behind signals that nobody has taken yet.
    questions: Connection,
    signals: MessageStream,
    /// The one who may speak for logind.
    owner: Option<OwnedUniqueName>,
    tracker: Tracker,
    objects: HashMap<OwnedObjectPath, LoginSessionId>,
    must_list: bool,
    /// Sessions whose display is not known yet, and how often it is still looked for.
    awaiting_display: HashMap<OwnedObjectPath, u32>,
}

impl Listener {
    /// See [`super::Logind::connect`].
    pub(super) async fn connect(address: Option<&str>) -> Result<Self, CaptureError> {
        let questions = open(address).await?;
        let listening = open(address).await?;
        let signals = MessageStream::from(&listening);
        let bus = DBusProxy::new(&listening).await.map_err(absent)?;
        for rule in [
            format!("type='signal',sender='{SERVICE}'"),
            format!("type='signal',sender='{DBUS}',member='NameOwnerChanged',arg0='{SERVICE}'"),
        ] {
            let rule = zbus::MatchRule::try_from(rule.as_str()).map_err(absent)?;
            bus.add_match_rule(rule).await.map_err(absent)?;
        }
        let mut listener = Self {
            questions,
            signals,
            owner: None,
            tracker: Tracker::default(),
            objects: HashMap::new(),
            must_list: true,
            awaiting_display: HashMap::new(),
        };
        // Asking starts logind, if the bus can do that.
        listener.list().await.map_err(absent)?;
        let bus = DBusProxy::new(&listener.questions).await.map_err(absent)?;
        let name = zbus::names::BusName::try_from(SERVICE).map_err(absent)?;
        let owner = bus.get_name_owner(name).await;
        listener.owner = Some(owner.map_err(absent)?);
        Ok(listener)
    }

    /// Sends changes until nobody wants them any more or the bus is gone.
    pub(super) async fn run(mut self, changes: mpsc::Sender<Result<SessionChange, CaptureError>>) {
        loop {
            while let Some(change) = self.tracker.next_change() {
                if changes.send(Ok(change)).await.is_err() {
                    return;
                }
            }
            if let Err(error) = self.step().await {
                let is_the_end = matches!(error, CaptureError::Gone { .. });
                if changes.send(Err(error)).await.is_err() || is_the_end {
                    return;
                }
                tokio::time::sleep(TRY_AGAIN_AFTER).await;
            }
        }
    }

    /// Waits for the next thing to do and does it.
    async fn step(&mut self) -> Result<(), CaptureError> {
        if self.must_list {
            return self.catch_up().await;
        }
        let looks_for_displays = !self.awaiting_display.is_empty();
        let message = tokio::select! {
            message = self.signals.next() => message,
            () = tokio::time::sleep(LOOK_FOR_DISPLAY_EVERY), if looks_for_displays => {
                return self.look_for_displays().await;
            }
        };
        let message = message.ok_or_else(|| gone("the bus closed the connection"))?;
        let understood = match message {
            Ok(message) => self.understand(&message).await,
            Err(error) => Err(error),
        };
        understood.map_err(|error| self.failed(&error))
    }

    /// Takes in the list of all sessions.
    async fn catch_up(&mut self) -> Result<(), CaptureError> {
        let listed = match self.list().await {
            Ok(listed) => listed,
            Err(error) => return Err(self.failed(&error)),
        };
        let mut all = Vec::new();
        let mut objects = HashMap::new();
        for (path, id) in listed {
            match self.ask(&path).await {
                Ok(Some(properties)) => all.extend(self.facts(&path, properties).await),
                Ok(None) => continue,
                Err(error) => return Err(self.failed(&error)),
            }
            objects.insert(path, id);
        }
        self.awaiting_display
            .retain(|path, _| objects.contains_key(path));
        self.objects = objects;
        self.must_list = false;
        self.tracker.take(Input::Listed(all));
        Ok(())
    }

    /// Works out what a message says, and tells the tracker.
    async fn understand(&mut self, message: &Message) -> zbus::Result<()> {
        let header = message.header();
        let (Type::Signal, Some(sender), Some(member)) =
            (header.message_type(), header.sender(), header.member())
        else {
            return Ok(());
        };
        let interface = header
            .interface()
            .map_or("", |interface| interface.as_str());
        let body = message.body();
        if sender.as_str() == DBUS {
            if member.as_str() == "NameOwnerChanged" {
                let (name, _, new): (String, String, String) = body.deserialize()?;
                if name == SERVICE {
                    self.owner = OwnedUniqueName::try_from(new).ok();
                    self.must_list = self.owner.is_some();
                }
            }
            return Ok(());
        }
        let is_from_logind = self
            .owner
            .as_ref()
            .is_some_and(|owner| owner.as_str() == sender.as_str());
        let Some(path) = header.path().filter(|_| is_from_logind) else {
            return Ok(());
        };
        match (interface, member.as_str()) {
            (MANAGER, "SessionNew") => {
                let (id, path): (String, OwnedObjectPath) = body.deserialize()?;
                self.appeared(LoginSessionId(id), path).await?;
            }
            (MANAGER, "SessionRemoved") => {
                let (id, path): (String, OwnedObjectPath) = body.deserialize()?;
                self.objects.remove(&path);
                self.awaiting_display.remove(&path);
                self.tracker.take(Input::Removed(LoginSessionId(id)));
            }
            (MANAGER, "PrepareForShutdown") => {
                let begins: bool = body.deserialize()?;
                self.tracker.take(Input::PrepareForShutdown(begins));
            }
            (SESSION, "Lock" | "Unlock") => {
                if let Some(id) = self.session_at(path) {
                    let is_locked = member.as_str() == "Lock";
                    self.tracker.take(Input::Locked(id, is_locked));
                }
            }
            (PROPERTIES, "PropertiesChanged") => {
                let (interface, changed, unsaid): (String, SessionProperties, Vec<String>) =
                    body.deserialize()?;
                if interface == SESSION {
                    self.properties_changed(path, changed, &unsaid).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A session has appeared: asks what it is.
    async fn appeared(&mut self, id: LoginSessionId, path: OwnedObjectPath) -> zbus::Result<()> {
        let properties = self.ask(&path).await?;
        self.objects.insert(path.clone(), id);
        if let Some(properties) = properties
            && let Some(facts) = self.facts(&path, properties).await
        {
            self.tracker.take(Input::Found(facts));
        }
        Ok(())
    }

    /// Properties of a session have changed; those of `unsaid` without their new values.
    async fn properties_changed(
        &mut self,
        path: &ObjectPath<'_>,
        changed: SessionProperties,
        unsaid: &[String],
    ) -> zbus::Result<()> {
        let Some(id) = self.session_at(path) else {
            return Ok(());
        };
        let must_ask = unsaid.iter().any(|name| {
            ["Active", "LockedHint", "State", "Type", "Class", "Display"].contains(&name.as_str())
        });
        if must_ask || changed.tell_of_kind() {
            let path = OwnedObjectPath::from(path.to_owned());
            return self.appeared(id, path).await;
        }
        if let Some(is_active) = changed.active {
            self.tracker.take(Input::Active(id.clone(), is_active));
        }
        if let Some(is_locked) = changed.locked_hint {
            self.tracker.take(Input::Locked(id.clone(), is_locked));
        }
        if changed.state.as_deref() == Some(CLOSING) {
            self.tracker.take(Input::Closing(id));
        }
        Ok(())
    }

    /// The facts of a session that is to be told of now. A session of X11 whose display nobody
    /// knows yet has to wait: its X server may still be starting.
    async fn facts(
        &mut self,
        path: &OwnedObjectPath,
        properties: SessionProperties,
    ) -> Option<SessionFacts> {
        let lacks_display = properties.lacks_its_display();
        let mut facts = properties.facts()?;
        if lacks_display {
            let session = facts.session.clone();
            let found = tokio::task::spawn_blocking(move || SessionDisplay::find(&session)).await;
            facts.session.display = found.ok().flatten().map(|display| display.name);
            if facts.session.display.is_none() {
                let left = self.awaiting_display.entry(path.clone());
                if *left.or_insert(LOOK_FOR_DISPLAY_TIMES) > 0 {
                    return None;
                }
            }
        }
        self.awaiting_display.remove(path);
        Some(facts)
    }

    /// Looks again for the displays of the sessions that wait for theirs.
    async fn look_for_displays(&mut self) -> Result<(), CaptureError> {
        let waiting: Vec<_> = self.awaiting_display.keys().cloned().collect();
        for path in waiting {
            if let Some(left) = self.awaiting_display.get_mut(&path) {
                *left = left.saturating_sub(1);
            }
            let Some(id) = self.objects.get(&path).cloned() else {
                self.awaiting_display.remove(&path);
                continue;
            };
            if let Err(error) = self.appeared(id, path).await {
                return Err(self.failed(&error));
            }
        }
        Ok(())
    }

    async fn list(&self) -> zbus::Result<Vec<(OwnedObjectPath, LoginSessionId)>> {
        let reply = self
            .call(MANAGER_PATH.try_into()?, MANAGER, "ListSessions", &())
            .await?;
        let listed: Vec<ListedSession> = reply.body().deserialize()?;
        Ok(listed
            .into_iter()
            .map(|(id, .., path)| (path, LoginSessionId(id)))
            .collect())
    }

    /// The properties of a session. `None` if it is no more.
    async fn ask(&self, path: &OwnedObjectPath) -> zbus::Result<Option<SessionProperties>> {
        let reply = self
            .call(path.as_ref(), PROPERTIES, "GetAll", &SESSION)
            .await;
        match reply {
            Ok(reply) => Ok(Some(reply.body().deserialize()?)),
            // logind has more than one name for an object that is not there.
            Err(zbus::Error::MethodError(..)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn call<B: serde::Serialize + DynamicType>(
        &self,
        path: ObjectPath<'_>,
        interface: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<Message> {
        self.questions
            .call_method(Some(SERVICE), path, Some(interface), method, body)
            .await
    }

    fn session_at(&self, path: &ObjectPath<'_>) -> Option<LoginSessionId> {
        let path = OwnedObjectPath::from(path.to_owned());
        self.objects.get(&path).cloned()
    }

    /// A question that failed: the list makes up for it at the next try.
    fn failed(&mut self, error: &zbus::Error) -> CaptureError {
        self.must_list = true;
        match error {
            zbus::Error::InputOutput(error) if error.kind() != std::io::ErrorKind::TimedOut => {
                gone(&error.to_string())
            }
            error => CaptureError::Failed {
                attempt: "ask logind",
                reason: error.to_string(),
            },
        }
    }
}

async fn open(address: Option<&str>) -> Result<Connection, CaptureError> {
    let builder = match address {
        Some(address) => zbus::connection::Builder::address(address),
        None => zbus::connection::Builder::system(),
    };
    builder
        .map_err(absent)?
        .method_timeout(ANSWER_WITHIN)
        .build()
        .await
        .map_err(absent)
}

/// A computer without logind.
fn absent(error: impl Into<zbus::Error>) -> CaptureError {
    let error: zbus::Error = error.into();
    tracing::info!(%error, "no logind");
    CaptureError::Unsupported {
        what: "this computer".to_owned(),
        feature: "logind",
    }
}

pub(super) fn gone(reason: &str) -> CaptureError {
    CaptureError::Gone {
        what: "logind".to_owned(),
        reason: reason.to_owned(),
    }
}

const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// The X server of a session that just began needs a moment to start.
const LOOK_FOR_DISPLAY_EVERY: Duration = Duration::from_millis(500);

/// After so many times the session is told of without its display.
const LOOK_FOR_DISPLAY_TIMES: u32 = 40;

/// How long to wait after logind did not answer.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);
