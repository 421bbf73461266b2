//! The pointer, which the server does not draw into the pixels that it gives.

use x11rb::{
    errors::ReplyError,
    protocol::{
        ErrorKind,
        xfixes::{self, ConnectionExt as _},
        xinput::{self, ConnectionExt as _, XIEventMask},
        xproto::ConnectionExt as _,
    },
};

use super::super::connection::XConnection;
use crate::{
    CaptureError, Rect,
    pixels::{Covered, Ink, Picture, Shape},
};

/// The pointer's place and shape, as last asked.
pub(super) struct Pointer {
    position: (i32, i32),
    shape: Option<Shape>,
    shape_is_stale: bool,
    motion: Motion,
    version: u64,
}

impl Pointer {
    /// Asks the server to tell when the pointer moves or changes.
    pub(super) fn watch(x: &XConnection) -> Result<Self, CaptureError> {
        let subscribed = x
            .raw()
            .xfixes_select_cursor_input(x.root(), xfixes::CursorNotifyMask::DISPLAY_CURSOR)
            .map_err(ReplyError::from)
            .and_then(x11rb::cookie::VoidCookie::check);
        x.explain("watch the shape of the pointer", subscribed)?;
        Ok(Self {
            position: (0, 0),
            shape: None,
            shape_is_stale: true,
            motion: if has_raw_motion(x)? {
                Motion::Seen
            } else {
                Motion::Unknown
            },
            version: 0,
        })
    }

    /// The server told that the pointer moved. It need not tell again until that is taken up: a
    /// pointer that moves a thousand times a second wakes nobody as often.
    pub(super) fn moved(&mut self, x: &XConnection) -> Result<(), ReplyError> {
        if self.motion == Motion::Awaited {
            select_motion(x, XIEventMask::default())?;
            self.motion = Motion::Seen;
        }
        Ok(())
    }

    /// The server told that the pointer has another shape.
    pub(super) fn changed_shape(&mut self) {
        self.shape_is_stale = true;
    }

    /// Whether the server has told anything since the last [`Self::ask`].
    pub(super) fn is_stale(&self) -> bool {
        self.shape_is_stale || (self.motion == Motion::Seen && self.shape.is_some())
    }

    /// Asks where the pointer is and what it looks like.
    pub(super) fn ask(&mut self, x: &XConnection) -> Result<(), ReplyError> {
        if self.shape_is_stale {
            self.shape = ask_shape(x)?;
            self.version += 1;
        }
        // First the subscription, then the question: motion in between is told again. What
        // cannot be seen may move unseen.
        let must_watch = self.motion == Motion::Seen && self.shape.is_some();
        if must_watch {
            // The first is the user's hand, wherever it is. The second is a program that moves the
            // pointer, unless the window under it keeps that to itself.
            select_motion(x, XIEventMask::RAW_MOTION | XIEventMask::MOTION)?;
        }
        let place = x.raw().query_pointer(x.root())?;
        let place = place.reply()?;
        let position = (i32::from(place.root_x), i32::from(place.root_y));
        if position != self.position {
            self.position = position;
            self.version += 1;
        }
        self.shape_is_stale = false;
        if must_watch {
            self.motion = Motion::Awaited;
        }
        Ok(())
    }

    /// Counts how often the pointer has moved or changed.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The part of a display at `origin` that the pointer covers.
    pub(super) fn place_on(&self, origin: (i32, i32), size: (u32, u32)) -> Option<Rect> {
        self.shape.as_ref()?.place_on(self.position, origin, size)
    }

    /// Draws the pointer into a display's picture and gives what it covered.
    pub(super) fn draw(&self, origin: (i32, i32), picture: &mut Picture) -> Option<Covered> {
        self.shape.as_ref()?.draw(self.position, origin, picture)
    }
}

/// What is known of the pointer's motion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Motion {
    /// The server cannot tell: the pointer is asked for with each frame.
    Unknown,
    /// The server will tell.
    Awaited,
    /// The server has told, and was asked to tell no more.
    Seen,
}

/// The image as it is now; `None` if there is none, or none of a sane size.
fn ask_shape(x: &XConnection) -> Result<Option<Shape>, ReplyError> {
    let reply = match x.raw().xfixes_get_cursor_image()?.reply() {
        Ok(reply) => reply,
        // It belongs to a program that has ended, and the server does not show it.
        Err(ReplyError::X11Error(error)) if error.error_kind == ErrorKind::Access => {
            return Ok(Some(plain_shape()));
        }
        Err(ReplyError::X11Error(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (width, height) = (u32::from(reply.width), u32::from(reply.height));
    let is_sane = (1..=LARGEST).contains(&width)
        && (1..=LARGEST).contains(&height)
        && reply.cursor_image.len() == width as usize * height as usize;
    Ok(is_sane.then(|| Shape {
        width,
        height,
        hot_spot: (i32::from(reply.xhot), i32::from(reply.yhot)),
        pixels: reply.cursor_image.into_iter().map(Ink::Over).collect(),
    }))
}

/// A white arrow with a black edge, for a pointer of which only the place is known.
fn plain_shape() -> Shape {
    let (width, height) = (11, 16);
    let colour = |x: u32, y: u32| {
        let right = y * 2 / 3;
        if x > right {
            0
        } else if x == 0 || x == right || y == height - 1 {
            0xff00_0000
        } else {
            0xffff_ffff
        }
    };
    Shape {
        width,
        height,
        hot_spot: (0, 0),
        pixels: (0..height)
            .flat_map(|y| (0..width).map(move |x| Ink::Over(colour(x, y))))
            .collect(),
    }
}

fn has_raw_motion(x: &XConnection) -> Result<bool, CaptureError> {
    if !x.has(xinput::X11_EXTENSION_NAME)? {
        return Ok(false);
    }
    let version = x
        .raw()
        .xinput_xi_query_version(2, 2)
        .map_err(ReplyError::from)
        .and_then(x11rb::cookie::Cookie::reply);
    match version {
        Ok(version) => Ok((version.major_version, version.minor_version) >= (2, 1)),
        Err(ReplyError::X11Error(_)) => Ok(false),
        Err(error) => x.explain("ask for the version of XInput", Err(error)),
    }
}

fn select_motion(x: &XConnection, mask: XIEventMask) -> Result<(), ReplyError> {
    let mask = xinput::EventMask {
        deviceid: xinput::Device::ALL_MASTER.into(),
        mask: vec![mask],
    };
    x.raw()
        .xinput_xi_select_events(x.root(), &[mask])?
        .ignore_error();
    Ok(())
}

/// The largest pointer that is drawn, in pixels of width or height.
const LARGEST: u32 = 512;
