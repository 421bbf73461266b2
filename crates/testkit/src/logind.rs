//! A logind that does what the test says, on a bus of its own.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use tempfile::TempDir;
use zbus::{
    Connection, connection, interface,
    object_server::InterfaceRef,
    zvariant::{ObjectPath, OwnedObjectPath, Value},
};

/// A message bus that nobody else uses. Ends with this value.
#[derive(Debug)]
pub struct PrivateBus {
    address: String,
    daemon: Child,
    _folder: TempDir,
}

impl PrivateBus {
    /// Starts the bus.
    ///
    /// # Errors
    ///
    /// If `dbus-daemon` is not installed or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let configuration = folder.path().join("bus.conf");
        let listen = folder.path().join("socket");
        std::fs::write(
            &configuration,
            format!(
                r#"<busconfig>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>"#,
                listen.display()
            ),
        )?;
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", configuration.display()))
            .args(["--nofork", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start dbus-daemon (Debian package dbus)")?;
        let stdout = daemon.stdout.take().context("no standard output")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().to_owned();
        anyhow::ensure!(!address.is_empty(), "dbus-daemon ended before it was ready");
        Ok(Self {
            address,
            daemon,
            _folder: folder,
        })
    }

    /// The bus's address, as clients take it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A connection of somebody's to the bus.
    ///
    /// # Errors
    ///
    /// If the bus is gone.
    pub async fn connect(&self) -> anyhow::Result<Connection> {
        Ok(connection::Builder::address(self.address())?
            .build()
            .await?)
    }

    /// Ends the bus under its clients.
    pub fn kill(&mut self) {
        let _gone_already = self.daemon.kill();
        let _status = self.daemon.wait();
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A session as logind has it.
#[derive(Clone, Debug)]
pub struct PrivateSession {
    /// Its name, such as `c1`.
    pub id: String,
    /// The account's number.
    pub user_id: u32,
    /// The account's name.
    pub user_name: String,
    /// `user`, `greeter` and so on.
    pub class: String,
    /// `x11`, `wayland`, `tty` and so on.
    pub kind: String,
    /// The X display; may be empty.
    pub display: String,
    /// The other computer, if the session is remote.
    pub remote_host: Option<String>,
    /// The process that leads it; 0 if unknown.
    pub leader: u32,
    /// Whether it has its seat.
    pub is_active: bool,
    /// Whether it says that it is locked.
    pub is_locked: bool,
    /// `active`, `online` or `closing`.
    pub state: String,
}

impl PrivateSession {
    /// A user's local session of X11.
    pub fn local(id: &str, user_id: u32, user_name: &str, display: &str) -> Self {
        Self {
            id: id.to_owned(),
            user_id,
            user_name: user_name.to_owned(),
            class: "user".to_owned(),
            kind: "x11".to_owned(),
            display: display.to_owned(),
            remote_host: None,
            leader: 0,
            is_active: true,
            is_locked: false,
            state: "active".to_owned(),
        }
    }

    fn path(&self) -> String {
        session_path(&self.id)
    }
}

/// A logind that does what the test says. All its methods fail only if the bus does.
#[derive(Debug)]
pub struct PrivateLogind {
    connection: Connection,
    sessions: Sessions,
}

impl PrivateLogind {
    /// Starts it on a bus.
    ///
    /// # Errors
    ///
    /// If the bus is gone or has a logind.
    pub async fn start(bus: &PrivateBus) -> anyhow::Result<Self> {
        let sessions = Sessions::default();
        let connection = connection::Builder::address(bus.address())?
            .serve_at(MANAGER_PATH, Manager(sessions.clone()))?
            .name(SERVICE)?
            .build()
            .await?;
        Ok(Self {
            connection,
            sessions,
        })
    }

    /// Lets a session begin.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn begin(&self, session: PrivateSession) -> anyhow::Result<()> {
        let (id, path) = (session.id.clone(), session.path());
        self.begin_unheard(session).await?;
        self.tell("SessionNew", &(id, ObjectPath::try_from(path)?))
            .await
    }

    /// Lets a session begin without telling anybody.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn begin_unheard(&self, session: PrivateSession) -> anyhow::Result<()> {
        let path = session.path();
        self.sessions.change(|all| all.push(session.clone()));
        self.connection
            .object_server()
            .at(path, Session(session))
            .await?;
        Ok(())
    }

    /// Removes a session.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn remove(&self, id: &str) -> anyhow::Result<()> {
        self.remove_unheard(id).await?;
        let path = ObjectPath::try_from(session_path(id))?;
        self.tell("SessionRemoved", &(id, path)).await
    }

    /// Removes a session without telling anybody.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn remove_unheard(&self, id: &str) -> anyhow::Result<()> {
        self.sessions
            .change(|all| all.retain(|session| session.id != id));
        self.connection
            .object_server()
            .remove::<Session, _>(session_path(id))
            .await?;
        Ok(())
    }

    /// Asks a session to lock itself, or to unlock.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn ask_to_lock(&self, id: &str, locked: bool) -> anyhow::Result<()> {
        let member = if locked { "Lock" } else { "Unlock" };
        self.connection
            .emit_signal(None::<&str>, session_path(id), SESSION, member, &())
            .await?;
        Ok(())
    }

    /// Lets a session say that it is locked, or is not.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn set_locked(&self, id: &str, locked: bool) -> anyhow::Result<()> {
        let object = self.session(id).await?;
        let mut session = object.get_mut().await;
        session.0.is_locked = locked;
        session.locked_hint_changed(object.signal_emitter()).await?;
        Ok(())
    }

    /// Gives a session its seat or takes it away.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn set_active(&self, id: &str, active: bool) -> anyhow::Result<()> {
        let object = self.session(id).await?;
        let mut session = object.get_mut().await;
        session.0.is_active = active;
        session.active_changed(object.signal_emitter()).await?;
        Ok(())
    }

    /// Says that a session has its seat, or has not, without saying which.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn set_active_unsaid(&self, id: &str, active: bool) -> anyhow::Result<()> {
        self.session(id).await?.get_mut().await.0.is_active = active;
        let values = HashMap::<&str, Value<'_>>::new();
        let body = (SESSION, values, vec!["Active"]);
        self.connection
            .emit_signal(
                None::<&str>,
                session_path(id),
                "org.freedesktop.DBus.Properties",
                "PropertiesChanged",
                &body,
            )
            .await?;
        Ok(())
    }

    /// Puts a session into a state, such as `closing`.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn set_state(&self, id: &str, state: &str) -> anyhow::Result<()> {
        let object = self.session(id).await?;
        let mut session = object.get_mut().await;
        state.clone_into(&mut session.0.state);
        session.state_changed(object.signal_emitter()).await?;
        Ok(())
    }

    /// Makes a session one of another kind, such as `x11`.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn set_kind(&self, id: &str, kind: &str) -> anyhow::Result<()> {
        let object = self.session(id).await?;
        let mut session = object.get_mut().await;
        kind.clone_into(&mut session.0.kind);
        session.type_changed(object.signal_emitter()).await?;
        Ok(())
    }

    /// Says that the computer is about to shut down, or is not after all.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn prepare_for_shutdown(&self, begins: bool) -> anyhow::Result<()> {
        self.tell("PrepareForShutdown", &begins).await
    }

    /// Ends this logind and starts another with the same sessions, as an update does.
    ///
    /// # Errors
    ///
    /// See [`PrivateLogind`].
    pub async fn restart(self, bus: &PrivateBus) -> anyhow::Result<Self> {
        let sessions = self.sessions.change(std::mem::take);
        self.connection.close().await?;
        let another = Self::start(bus).await?;
        for session in sessions {
            another.begin_unheard(session).await?;
        }
        Ok(another)
    }

    async fn tell<B>(&self, member: &str, body: &B) -> anyhow::Result<()>
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
    {
        self.connection
            .emit_signal(None::<&str>, MANAGER_PATH, MANAGER, member, body)
            .await?;
        Ok(())
    }

    async fn session(&self, id: &str) -> anyhow::Result<InterfaceRef<Session>> {
        let server = self.connection.object_server();
        Ok(server.interface(session_path(id)).await?)
    }
}

#[derive(Clone, Debug, Default)]
struct Sessions(Arc<Mutex<Vec<PrivateSession>>>);

impl Sessions {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<PrivateSession>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Manager(Sessions);

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn list_sessions(&self) -> Vec<(String, u32, String, String, OwnedObjectPath)> {
        self.0.change(|all| {
            let rows = all.iter().map(|session| {
                let path = OwnedObjectPath::try_from(session.path()).ok()?;
                let (id, name) = (session.id.clone(), session.user_name.clone());
                Some((id, session.user_id, name, "seat0".to_owned(), path))
            });
            rows.flatten().collect()
        })
    }
}

struct Session(PrivateSession);

#[interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn id(&self) -> &str {
        &self.0.id
    }

    #[zbus(property)]
    fn user(&self) -> (u32, OwnedObjectPath) {
        let path = ObjectPath::from_static_str_unchecked("/org/freedesktop/login1/user/self");
        (self.0.user_id, path.into())
    }

    #[zbus(property)]
    fn name(&self) -> &str {
        &self.0.user_name
    }

    #[zbus(property)]
    fn class(&self) -> &str {
        &self.0.class
    }

    #[zbus(property, name = "Type")]
    fn kind(&self) -> &str {
        &self.0.kind
    }

    #[zbus(property)]
    fn display(&self) -> &str {
        &self.0.display
    }

    #[zbus(property)]
    fn remote(&self) -> bool {
        self.0.remote_host.is_some()
    }

    #[zbus(property)]
    fn remote_host(&self) -> &str {
        self.0.remote_host.as_deref().unwrap_or_default()
    }

    #[zbus(property)]
    fn active(&self) -> bool {
        self.0.is_active
    }

    #[zbus(property)]
    fn state(&self) -> &str {
        &self.0.state
    }

    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.0.is_locked
    }

    #[zbus(property)]
    fn leader(&self) -> u32 {
        self.0.leader
    }

    /// One that matters to nobody here, as there are many.
    #[zbus(property)]
    fn idle_since_hint(&self) -> u64 {
        0
    }
}

fn session_path(id: &str) -> String {
    format!("{MANAGER_PATH}/session/{id}")
}

const SERVICE: &str = "org.freedesktop.login1";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
