//! Which window is in front.

use x11rb::{
    errors::ReplyError,
    protocol::xproto::{
        AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, MapState, Window,
    },
};

use super::window::{Atoms, atoms_property, unless_gone, window_property};
use crate::linux::connection::XConnection;

/// Who says which window is in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// The window manager, which is alive while this window is.
    WindowManager(Window),
    /// Nobody: the window with the input focus counts.
    Focus,
}

impl Authority {
    /// Asks who it is, and subscribes to what it says.
    pub(super) fn find(x: &XConnection, atoms: &Atoms) -> Result<Self, ReplyError> {
        let authority = match window_manager(x, atoms)? {
            Some(window) => Self::WindowManager(window),
            None => Self::Focus,
        };
        let root_events = match authority {
            Self::WindowManager(_) => EventMask::PROPERTY_CHANGE,
            Self::Focus => EventMask::PROPERTY_CHANGE | EventMask::SUBSTRUCTURE_NOTIFY,
        };
        select(x, x.root(), root_events)?;
        if authority == Self::Focus {
            for window in top_windows(x)? {
                watch_focus(x, window)?;
            }
        }
        Ok(authority)
    }

    /// The window in front, if there is one.
    pub(super) fn front(
        self,
        x: &XConnection,
        atoms: &Atoms,
    ) -> Result<Option<Window>, ReplyError> {
        match self {
            Self::WindowManager(_) => window_property(x.raw(), x.root(), atoms._NET_ACTIVE_WINDOW),
            Self::Focus => focused(x),
        }
    }
}

/// Subscribes to the coming and going of the focus at a window that stands on the root window.
pub(super) fn watch_focus(x: &XConnection, window: Window) -> Result<(), ReplyError> {
    select(x, window, EventMask::FOCUS_CHANGE)
}

/// Subscribes to the title and the end of the window in front.
pub(super) fn watch_front(x: &XConnection, window: Window) -> Result<(), ReplyError> {
    select(
        x,
        window,
        EventMask::PROPERTY_CHANGE | EventMask::STRUCTURE_NOTIFY | EventMask::FOCUS_CHANGE,
    )
}

/// Gives up the subscription to a window that was in front. Its focus still matters if nobody else
/// tells of it.
pub(super) fn leave_front(
    x: &XConnection,
    window: Window,
    authority: Authority,
) -> Result<(), ReplyError> {
    match authority {
        Authority::WindowManager(_) => select(x, window, EventMask::NO_EVENT),
        Authority::Focus => watch_focus(x, window),
    }
}

/// The window by which a window manager shows that it is there and tells the active window.
fn window_manager(x: &XConnection, atoms: &Atoms) -> Result<Option<Window>, ReplyError> {
    let raw = x.raw();
    let check = atoms._NET_SUPPORTING_WM_CHECK;
    let Some(window) = window_property(raw, x.root(), check)? else {
        return Ok(None);
    };
    // First the subscription, then the question: if it ends in between, that is told.
    select(x, window, EventMask::STRUCTURE_NOTIFY)?;
    // A window manager that died leaves the property, but not the window that names itself.
    if window_property(raw, window, check)? != Some(window) {
        return Ok(None);
    }
    let supported = atoms_property(raw, x.root(), atoms._NET_SUPPORTED)?;
    Ok(supported
        .contains(&atoms._NET_ACTIVE_WINDOW)
        .then_some(window))
}

/// The window with the input focus, or, when the focus follows the pointer, the one under it: the
/// innermost that has a name or a class.
fn focused(x: &XConnection) -> Result<Option<Window>, ReplyError> {
    let raw = x.raw();
    let focus = raw.get_input_focus()?.reply()?.focus;
    let mut window = match focus {
        NOTHING => return Ok(None),
        POINTER_ROOT => raw.query_pointer(x.root())?.reply()?.child,
        window => window,
    };
    for _ in 0..DEEPEST {
        if window == x11rb::NONE || window == x.root() {
            return Ok(None);
        }
        let name = raw.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 0)?;
        let class = raw.get_property(false, window, AtomEnum::WM_CLASS, AtomEnum::ANY, 0, 0)?;
        let tree = raw.query_tree(window)?;
        let (Some(name), Some(class), Some(tree)) = (
            unless_gone(name.reply())?,
            unless_gone(class.reply())?,
            unless_gone(tree.reply())?,
        ) else {
            return Ok(None);
        };
        let is_named = name.type_ != x11rb::NONE || class.type_ != x11rb::NONE;
        if is_named || tree.parent == x.root() {
            return Ok(Some(window));
        }
        window = tree.parent;
    }
    Ok(None)
}

/// The windows that stand on the root window and can be seen.
fn top_windows(x: &XConnection) -> Result<Vec<Window>, ReplyError> {
    let raw = x.raw();
    let children = raw.query_tree(x.root())?.reply()?.children;
    let asked: Vec<_> = children
        .into_iter()
        .take(MOST_TOP_WINDOWS)
        .map(|window| Ok((window, raw.get_window_attributes(window)?)))
        .collect::<Result<_, ReplyError>>()?;
    let mut seen = Vec::new();
    for (window, attributes) in asked {
        let attributes = unless_gone(attributes.reply())?;
        if attributes.is_some_and(|attributes| attributes.map_state == MapState::VIEWABLE) {
            seen.push(window);
        }
    }
    Ok(seen)
}

/// Replaces what this connection is told of a window. A window that is no more is no error.
fn select(x: &XConnection, window: Window, events: EventMask) -> Result<(), ReplyError> {
    let attributes = ChangeWindowAttributesAux::new().event_mask(events);
    x.raw()
        .change_window_attributes(window, &attributes)?
        .ignore_error();
    Ok(())
}

/// `GetInputFocus`: nothing has the focus.
const NOTHING: Window = 0;

/// `GetInputFocus`: the window under the pointer has the focus.
const POINTER_ROOT: Window = 1;

/// How many windows may lie within each other before the search for a name ends.
const DEEPEST: usize = 16;

/// How many windows are watched for the focus at the start.
const MOST_TOP_WINDOWS: usize = 4_096;
