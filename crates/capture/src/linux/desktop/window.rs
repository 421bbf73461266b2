//! What a window says of itself.

use x11rb::{
    connection::SequenceNumber,
    cookie::Cookie,
    errors::ReplyError,
    protocol::{
        res::{self, ConnectionExt as _},
        xproto::{Atom, AtomEnum, ConnectionExt as _, GetPropertyReply, Window},
    },
    rust_connection::RustConnection,
};

use super::text;
use crate::{CaptureError, linux::connection::XConnection};

x11rb::atom_manager! {
    /// The names of properties.
    pub(super) Atoms: AtomsCookie {
        _NET_ACTIVE_WINDOW,
        _NET_SUPPORTED,
        _NET_SUPPORTING_WM_CHECK,
        _NET_WM_NAME,
        _NET_WM_PID,
    }
}

/// What is asked of the server once.
pub(in crate::linux) struct Server {
    pub(super) atoms: Atoms,
    /// Whether it tells the process of a window (X-Resource 1.2).
    tells_processes: bool,
}

impl Server {
    /// Asks.
    pub(in crate::linux) fn ask(x: &XConnection) -> Result<Self, CaptureError> {
        let atoms = Atoms::new(x.raw())
            .map_err(ReplyError::from)
            .and_then(AtomsCookie::reply);
        let has_resources = x.has(res::X11_EXTENSION_NAME)?;
        let version = x
            .raw()
            .res_query_version(1, 2)
            .map_err(ReplyError::from)
            .and_then(Cookie::reply);
        Ok(Self {
            atoms: x.explain("ask for the names of properties", atoms)?,
            tells_processes: has_resources
                && version
                    .is_ok_and(|version| (version.server_major, version.server_minor) >= (1, 2)),
        })
    }
}

/// What a window says of itself.
pub(in crate::linux) struct WindowFacts {
    pub(in crate::linux) title: String,
    /// The request that asked for the title.
    pub(super) asked: SequenceNumber,
    /// Whether the title is the EWMH one: only then do changes of the older property not count.
    pub(super) title_is_ewmh: bool,
    /// The two parts of `WM_CLASS`: the program's name and its class.
    pub(in crate::linux) class: Vec<String>,
    pub(in crate::linux) process: Option<u32>,
    /// The middle of it, on the root window.
    pub(super) middle: (i32, i32),
}

impl WindowFacts {
    /// Asks for all of it at once. `None` if the window is no more.
    pub(in crate::linux) fn ask(
        x: &XConnection,
        server: &Server,
        window: Window,
    ) -> Result<Option<Self>, ReplyError> {
        let atoms = &server.atoms;
        let raw = x.raw();
        let ewmh_title = property(raw, window, atoms._NET_WM_NAME)?;
        let asked = ewmh_title.sequence_number();
        let old_title = property(raw, window, AtomEnum::WM_NAME.into())?;
        let class = property(raw, window, AtomEnum::WM_CLASS.into())?;
        let said_process = property(raw, window, atoms._NET_WM_PID)?;
        let specification = res::ClientIdSpec {
            client: window,
            mask: res::ClientIdMask::LOCAL_CLIENT_PID,
        };
        let known_process = if server.tells_processes {
            Some(raw.res_query_client_ids(&[specification])?)
        } else {
            None
        };
        let place = raw.translate_coordinates(window, x.root(), 0, 0)?;
        let size = raw.get_geometry(window)?;

        let known_process = match known_process {
            Some(cookie) => unless_gone(cookie.reply())?,
            None => None,
        };
        let ewmh_title = unless_gone(ewmh_title.reply())?;
        let old_title = unless_gone(old_title.reply())?;
        let class = unless_gone(class.reply())?;
        let said_process = unless_gone(said_process.reply())?;
        let place = unless_gone(place.reply())?;
        let size = unless_gone(size.reply())?;
        let (Some(ewmh_title), Some(old_title), Some(class), Some(place), Some(size)) =
            (ewmh_title, old_title, class, place, size)
        else {
            return Ok(None);
        };
        let title_is_ewmh = ewmh_title.type_ != x11rb::NONE;
        let title = if title_is_ewmh { ewmh_title } else { old_title };
        Ok(Some(Self {
            title: text::decode(&title.value),
            asked,
            title_is_ewmh,
            class: class
                .value
                .split(|&byte| byte == 0)
                .map(text::decode)
                .filter(|part| !part.is_empty())
                .collect(),
            // What the server knows comes before what the window says.
            process: known_process
                .and_then(|reply| reply.ids.first()?.value.first().copied())
                .or_else(|| said_process?.value32()?.next())
                .filter(|&process| process != 0),
            middle: (
                i32::from(place.dst_x) + i32::from(size.width) / 2,
                i32::from(place.dst_y) + i32::from(size.height) / 2,
            ),
        }))
    }
}

/// A window property that holds windows: the first of them.
pub(super) fn window_property(
    raw: &RustConnection,
    window: Window,
    name: Atom,
) -> Result<Option<Window>, ReplyError> {
    let reply = unless_gone(property(raw, window, name)?.reply())?;
    Ok(reply
        .and_then(|reply| reply.value32()?.next())
        .filter(|&window| window != x11rb::NONE))
}

/// A window property that holds atoms: all of them.
pub(super) fn atoms_property(
    raw: &RustConnection,
    window: Window,
    name: Atom,
) -> Result<Vec<Atom>, ReplyError> {
    let reply = unless_gone(property(raw, window, name)?.reply())?;
    Ok(reply
        .and_then(|reply| Some(reply.value32()?.collect()))
        .unwrap_or_default())
}

/// A reply; `None` if the window that it is about is no more.
pub(in crate::linux) fn unless_gone<T>(
    reply: Result<T, ReplyError>,
) -> Result<Option<T>, ReplyError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn property(
    raw: &RustConnection,
    window: Window,
    name: Atom,
) -> Result<Cookie<'_, RustConnection, GetPropertyReply>, ReplyError> {
    let words = LONGEST_TITLE.div_ceil(4);
    Ok(raw.get_property(
        false,
        window,
        name,
        AtomEnum::ANY,
        0,
        u32::try_from(words).unwrap_or(u32::MAX),
    )?)
}

/// Titles longer than this are cut, in bytes.
pub(super) const LONGEST_TITLE: usize = 64 << 10;
