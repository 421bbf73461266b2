//! logind's part of D-Bus: what it is called, and what its messages hold.
//!
//! See <https://www.freedesktop.org/software/systemd/man/org.freedesktop.login1.html>.

use eidetic_model::SessionOrigin;
use zbus::zvariant::{DeserializeDict, OwnedObjectPath, Type};

use super::tracker::SessionFacts;
use crate::{LoginSession, LoginSessionId};

pub(super) const SERVICE: &str = "org.freedesktop.login1";
pub(super) const MANAGER_PATH: &str = "/org/freedesktop/login1";
pub(super) const MANAGER: &str = "org.freedesktop.login1.Manager";
pub(super) const SESSION: &str = "org.freedesktop.login1.Session";
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
pub(super) const DBUS: &str = "org.freedesktop.DBus";

/// A row of `ListSessions`: name, user's number, user's name, seat, object.
pub(super) type ListedSession = (String, u32, String, String, OwnedObjectPath);

/// The properties of a session that matter here: all of them, or those that changed.
#[derive(Clone, Debug, Default, DeserializeDict, Type)]
#[zvariant(signature = "dict", rename_all = "PascalCase")]
pub(super) struct SessionProperties {
    pub(super) id: Option<String>,
    pub(super) user: Option<(u32, OwnedObjectPath)>,
    pub(super) name: Option<String>,
    pub(super) class: Option<String>,
    #[zvariant(rename = "Type")]
    pub(super) kind: Option<String>,
    pub(super) display: Option<String>,
    pub(super) remote: Option<bool>,
    pub(super) remote_host: Option<String>,
    pub(super) active: Option<bool>,
    pub(super) state: Option<String>,
    pub(super) locked_hint: Option<bool>,
    pub(super) leader: Option<u32>,
}

impl SessionProperties {
    /// The facts of a session of a user with a graphical desktop; `None` if it is another kind,
    /// such as a log-in screen's or a terminal's.
    pub(super) fn facts(self) -> Option<SessionFacts> {
        let is_users = USER_CLASSES.contains(&self.class.as_deref()?);
        let is_graphical = GRAPHICAL_KINDS.contains(&self.kind.as_deref()?);
        if !is_users || !is_graphical {
            return None;
        }
        let display = self.display.filter(|display| !display.is_empty());
        let origin = if self.remote? {
            SessionOrigin::Remote {
                workstation: self.remote_host.unwrap_or_default(),
            }
        } else {
            SessionOrigin::Local
        };
        Some(SessionFacts {
            session: LoginSession {
                id: LoginSessionId(self.id?),
                user_name: self.name?,
                user_id: self.user?.0,
                origin,
                display: display.filter(|_| self.kind.as_deref() == Some(X11)),
                leader: self.leader.filter(|&leader| leader != 0),
            },
            is_active: self.active?,
            is_locked: self.locked_hint.unwrap_or(false),
            is_closing: self.state.as_deref() == Some(CLOSING),
        })
    }

    /// Whether the session's display has a name that logind does not know, or not yet.
    pub(super) fn lacks_its_display(&self) -> bool {
        self.kind.as_deref() == Some(X11) && self.display.as_deref().unwrap_or_default().is_empty()
    }

    /// Whether the session may be another kind of session than it was.
    pub(super) fn tell_of_kind(&self) -> bool {
        self.kind.is_some() || self.class.is_some() || self.display.is_some()
    }
}

/// State of a session whose user has logged off.
pub(super) const CLOSING: &str = "closing";

const X11: &str = "x11";

const GRAPHICAL_KINDS: [&str; 3] = [X11, "wayland", "mir"];

const USER_CLASSES: [&str; 4] = ["user", "user-early", "user-light", "user-early-light"];
