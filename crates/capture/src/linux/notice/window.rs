//! The window of a message, and the answer to it.

use std::time::Duration;

use x11rb::{
    COPY_DEPTH_FROM_PARENT,
    connection::Connection as _,
    errors::{ReplyError, ReplyOrIdError},
    image::{BitsPerPixel, Image, ImageOrder, ScanlinePad},
    properties::{WmSizeHints, WmSizeHintsSpecification},
    protocol::{
        Event,
        xproto::{
            AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, CreateGCAux,
            CreateWindowAux, EventMask, InputFocus, Keycode, PropMode, StackMode, Visibility,
            Window, WindowClass,
        },
    },
    resource_manager,
    wrapper::ConnectionExt as _,
};

use super::{picture::Picture, text::Typesetter};
use crate::{
    CaptureError, Display, Notice, NoticeEnding, NoticeWatcher,
    deadline::Deadline,
    linux::{connection::XConnection, screen::Monitors},
};

x11rb::atom_manager! {
    /// The names of properties.
    Atoms: AtomsCookie {
        UTF8_STRING,
        WM_DELETE_WINDOW,
        WM_PROTOCOLS,
        _NET_ACTIVE_WINDOW,
        _NET_SUPPORTING_WM_CHECK,
        _NET_WM_NAME,
        _NET_WM_PID,
        _NET_WM_STATE,
        _NET_WM_STATE_ABOVE,
        _NET_WM_STATE_STICKY,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_DIALOG,
    }
}

/// Shows a message on `display`, such as `:0`, until it is closed.
///
/// # Errors
///
/// See [`CaptureError`]: it could not be shown, or the display went away while it was.
pub fn show_notice(
    display: &str,
    notice: &Notice,
    watcher: &mut dyn NoticeWatcher,
) -> Result<NoticeEnding, CaptureError> {
    let x = XConnection::open(display)?;
    let dialog = Dialog::open(&x, notice)?;
    watcher.shown();
    dialog.wait(notice.closes_after, watcher)
}

struct Dialog<'a> {
    x: &'a XConnection,
    atoms: Atoms,
    window: Window,
    button: crate::Rect,
    closing_keys: Vec<Keycode>,
}

impl<'a> Dialog<'a> {
    fn open(x: &'a XConnection, notice: &Notice) -> Result<Self, CaptureError> {
        let Some(mut typesetter) = Typesetter::new() else {
            return Err(CaptureError::Unsupported {
                what: "this computer".to_owned(),
                feature: "a font",
            });
        };
        let monitor = monitor_with_pointer(x)?;
        let size = (monitor.width, monitor.height);
        let picture = Picture::draw(notice, &mut typesetter, scale(x), size);
        let opened = Self::show(x, notice, &picture, &monitor);
        opened.map_err(|error| match error {
            ReplyOrIdError::X11Error(error) => CaptureError::Failed {
                attempt: "show a message",
                reason: format!("X error {:?}", error.error_kind),
            },
            error => CaptureError::Failed {
                attempt: "show a message",
                reason: error.to_string(),
            },
        })
    }

    fn show(
        x: &'a XConnection,
        notice: &Notice,
        picture: &Picture,
        monitor: &Display,
    ) -> Result<Self, ReplyOrIdError> {
        let raw = x.raw();
        let atoms = Atoms::new(raw)?.reply()?;
        let window = raw.generate_id()?;
        let side = |length: u32| u16::try_from(length).unwrap_or(u16::MAX);
        let centre = |start: i32, room: u32, length: u32| {
            let at = start.saturating_add_unsigned(room.saturating_sub(length) / 2);
            i16::try_from(at).unwrap_or_default()
        };
        let left = centre(monitor.left, monitor.width, picture.width);
        let top = centre(monitor.top, monitor.height, picture.height);
        let (width, height) = (side(picture.width), side(picture.height));
        // The server draws it whenever it has to be drawn again.
        let pixmap = raw.generate_id()?;
        let depth = x.screen().root_depth;
        raw.create_pixmap(depth, pixmap, x.root(), width, height)?
            .check()?;
        let context = raw.generate_id()?;
        raw.create_gc(context, pixmap, &CreateGCAux::new())?;
        let image = image_of(x, picture)?;
        image.put(raw, pixmap, context, 0, 0)?;
        let events = EventMask::KEY_PRESS
            | EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE
            | EventMask::STRUCTURE_NOTIFY
            | EventMask::VISIBILITY_CHANGE;
        raw.create_window(
            COPY_DEPTH_FROM_PARENT,
            window,
            x.root(),
            left,
            top,
            width,
            height,
            0,
            WindowClass::INPUT_OUTPUT,
            x.screen().root_visual,
            &CreateWindowAux::new()
                .background_pixmap(pixmap)
                .event_mask(events),
        )?
        .check()?;
        raw.free_gc(context)?;
        raw.free_pixmap(pixmap)?;
        let dialog = Self {
            x,
            atoms,
            window,
            button: picture.button,
            closing_keys: closing_keys(x)?,
        };
        dialog.describe(notice, (left, top), (width, height))?;
        raw.map_window(window)?.check()?;
        dialog.come_to_the_front()?;
        Ok(dialog)
    }

    /// Says to the window manager what kind of window it is.
    fn describe(
        &self,
        notice: &Notice,
        (left, top): (i16, i16),
        (width, height): (u16, u16),
    ) -> Result<(), ReplyError> {
        let (raw, atoms, window) = (self.x.raw(), &self.atoms, self.window);
        let title = notice.title.as_bytes();
        let size = (i32::from(width), i32::from(height));
        let hints = WmSizeHints {
            position: Some((
                WmSizeHintsSpecification::UserSpecified,
                left.into(),
                top.into(),
            )),
            size: Some((WmSizeHintsSpecification::UserSpecified, size.0, size.1)),
            min_size: Some(size),
            max_size: Some(size),
            ..WmSizeHints::default()
        };
        hints.set_normal_hints(raw, window)?;
        let atom = u32::from(AtomEnum::ATOM);
        for (name, kind, values) in [
            (atoms.WM_PROTOCOLS, atom, vec![atoms.WM_DELETE_WINDOW]),
            (
                atoms._NET_WM_WINDOW_TYPE,
                atom,
                vec![atoms._NET_WM_WINDOW_TYPE_DIALOG],
            ),
            (
                atoms._NET_WM_STATE,
                atom,
                vec![atoms._NET_WM_STATE_ABOVE, atoms._NET_WM_STATE_STICKY],
            ),
            (
                atoms._NET_WM_PID,
                AtomEnum::CARDINAL.into(),
                vec![std::process::id()],
            ),
        ] {
            raw.change_property32(PropMode::REPLACE, window, name, kind, &values)?;
        }
        for (name, kind, value) in [
            (atoms._NET_WM_NAME, atoms.UTF8_STRING, title),
            (AtomEnum::WM_NAME.into(), AtomEnum::STRING.into(), title),
            (
                AtomEnum::WM_CLASS.into(),
                AtomEnum::STRING.into(),
                b"eidetic-agent\0Eidetic\0",
            ),
        ] {
            raw.change_property8(PropMode::REPLACE, window, name, kind, value)?;
        }
        Ok(())
    }

    /// Asks the window manager for the input, or takes it where there is none.
    fn come_to_the_front(&self) -> Result<(), ReplyError> {
        let (raw, atoms) = (self.x.raw(), &self.atoms);
        let root = self.x.root();
        let check = raw
            .get_property(
                false,
                root,
                atoms._NET_SUPPORTING_WM_CHECK,
                AtomEnum::WINDOW,
                0,
                1,
            )?
            .reply()?;
        if check.value_len > 0 {
            // As a pager does: on behalf of the user.
            let data = [2, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0];
            let message = ClientMessageEvent::new(32, self.window, atoms._NET_ACTIVE_WINDOW, data);
            let to = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
            raw.send_event(false, root, to, message)?.ignore_error();
        } else {
            raw.set_input_focus(InputFocus::POINTER_ROOT, self.window, x11rb::CURRENT_TIME)?
                .ignore_error();
        }
        Ok(())
    }

    fn wait(
        &self,
        closes_after: Duration,
        watcher: &dyn NoticeWatcher,
    ) -> Result<NoticeEnding, CaptureError> {
        let closes = Deadline::after(closes_after);
        // Whoever is typing has not read it yet.
        let keys_count = Deadline::after(KEYS_REST);
        let mut raised = Deadline::after(Duration::ZERO);
        let mut is_pressed = false;
        loop {
            while let Some(event) = self.x.poll_event()? {
                match event {
                    Event::KeyPress(event)
                        if keys_count.is_over() && self.closing_keys.contains(&event.detail) =>
                    {
                        return Ok(NoticeEnding::Acknowledged);
                    }
                    Event::ButtonPress(event) if event.detail == 1 => {
                        is_pressed = self.is_on_button(event.event_x, event.event_y);
                    }
                    Event::ButtonRelease(event) if event.detail == 1 => {
                        if is_pressed && self.is_on_button(event.event_x, event.event_y) {
                            return Ok(NoticeEnding::Acknowledged);
                        }
                        is_pressed = false;
                    }
                    Event::ClientMessage(event)
                        if event.type_ == self.atoms.WM_PROTOCOLS
                            && event.data.as_data32()[0] == self.atoms.WM_DELETE_WINDOW =>
                    {
                        return Ok(NoticeEnding::Acknowledged);
                    }
                    Event::VisibilityNotify(event)
                        if event.state != Visibility::UNOBSCURED && raised.is_over() =>
                    {
                        raised = Deadline::after(LOOK_AGAIN);
                        let on_top = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
                        let asked = self.x.raw().configure_window(self.window, &on_top);
                        self.x.explain(
                            "raise the message",
                            asked.map(drop).map_err(ReplyError::from),
                        )?;
                    }
                    _ => {}
                }
            }
            if closes.is_over() {
                return Ok(NoticeEnding::TimedOut);
            }
            if !watcher.is_wanted() {
                return Ok(NoticeEnding::Withdrawn);
            }
            self.x
                .wait(closes.or_earlier(Deadline::after(LOOK_AGAIN)))?;
        }
    }

    fn is_on_button(&self, x: i16, y: i16) -> bool {
        let inside = |at: i16, start: u32, length: u32| {
            u32::try_from(at).is_ok_and(|at| (start..start + length).contains(&at))
        };
        inside(x, self.button.x, self.button.width) && inside(y, self.button.y, self.button.height)
    }
}

fn monitor_with_pointer(x: &XConnection) -> Result<Display, CaptureError> {
    let displays = Monitors::watch(x)?.ask(x);
    let displays = x.explain("ask for the monitors", displays)?;
    let pointer = x.raw().query_pointer(x.root()).map_err(ReplyError::from);
    let pointer = x.explain(
        "ask for the pointer",
        pointer.and_then(x11rb::cookie::Cookie::reply),
    )?;
    let at = (i32::from(pointer.root_x), i32::from(pointer.root_y));
    let is_on = |display: &&Display| {
        let inside = |at: i32, start: i32, length: u32| {
            at >= start && at < start.saturating_add_unsigned(length)
        };
        inside(at.0, display.left, display.width) && inside(at.1, display.top, display.height)
    };
    let found = displays.iter().find(is_on).or(displays.first());
    found.cloned().ok_or_else(|| x.lacks("a monitor"))
}

/// How much larger than at 96 dots an inch the user has things drawn.
fn scale(x: &XConnection) -> f32 {
    let database = resource_manager::new_from_default(x.raw());
    let dots = database.map(|it| it.get_value::<f32>("Xft.dpi", ""));
    let dots = dots.ok().and_then(|value| value.ok().flatten());
    (dots.unwrap_or(96.0) / 96.0).clamp(1.0, 4.0)
}

/// The picture as the server has it.
fn image_of<'a>(x: &XConnection, picture: &'a Picture) -> Result<Image<'a>, ReplyError> {
    let size = |length: u32| u16::try_from(length).unwrap_or(u16::MAX);
    let image = Image::new(
        size(picture.width),
        size(picture.height),
        ScanlinePad::Pad32,
        x.screen().root_depth,
        BitsPerPixel::B32,
        ImageOrder::LsbFirst,
        picture.pixels.as_slice().into(),
    );
    let image = image.map_err(|_| ReplyError::from(x11rb::errors::ParseError::InvalidValue))?;
    let native = image.native(x.raw().setup());
    let native = native.map_err(|_| ReplyError::from(x11rb::errors::ParseError::InvalidValue))?;
    Ok(native.into_owned())
}

/// The keys that close the window: Return, Enter, Escape and the space bar.
fn closing_keys(x: &XConnection) -> Result<Vec<Keycode>, ReplyError> {
    let setup = x.raw().setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let map = x
        .raw()
        .get_keyboard_mapping(first, last - first + 1)?
        .reply()?;
    let keys = map
        .keysyms
        .chunks(map.keysyms_per_keycode.max(1).into())
        .zip(first..=last);
    let closing = keys.filter(|(symbols, _)| symbols.iter().any(|it| CLOSING.contains(it)));
    Ok(closing.map(|(_, key)| key).collect())
}

/// The key symbols of Return, Enter on the number pad, Escape and the space bar.
const CLOSING: [u32; 4] = [0xff0d, 0xff8d, 0xff1b, 0x20];

const KEYS_REST: Duration = Duration::from_millis(700);

/// How often to ask whether the window is wanted, and how often it may be raised.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
