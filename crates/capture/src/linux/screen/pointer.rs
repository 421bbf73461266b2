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

use super::{super::connection::XConnection, damage, picture::Picture};
use crate::{CaptureError, Rect};

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
            self.shape = Shape::ask(x)?;
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
        let shape = self.shape.as_ref()?;
        let (left, top) = self.corner(shape);
        damage::clip((left, top, shape.width, shape.height), origin, size)
    }

    /// Draws the pointer into a display's picture and gives what it covered.
    pub(super) fn draw(&self, origin: (i32, i32), picture: &mut Picture) -> Option<Covered> {
        let place = self.place_on(origin, picture.size())?;
        let shape = self.shape.as_ref()?;
        let (left, top) = self.corner(shape);
        let mut covered = Vec::with_capacity(place.width as usize * place.height as usize * 4);
        for y in place.y..place.y + place.height {
            let row = picture.row_mut(place.x, y, place.width);
            covered.extend_from_slice(row);
            let skipped_rows = i64::from(y) + i64::from(origin.1) - i64::from(top);
            let skipped = i64::from(place.x) + i64::from(origin.0) - i64::from(left);
            let start = skipped_rows * i64::from(shape.width) + skipped;
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            let colours = shape.pixels.get(start..).unwrap_or_default();
            for (pixel, colour) in row.chunks_exact_mut(4).zip(colours) {
                blend(pixel, *colour);
            }
        }
        Some(Covered {
            place,
            pixels: covered,
        })
    }

    /// Where the upper left corner of the shape is.
    fn corner(&self, shape: &Shape) -> (i32, i32) {
        (
            self.position.0 - shape.hot_spot.0,
            self.position.1 - shape.hot_spot.1,
        )
    }
}

/// The pixels under the pointer.
pub(super) struct Covered {
    place: Rect,
    pixels: Vec<u8>,
}

impl Covered {
    /// Puts the pixels back, and tells where they are.
    pub(super) fn uncover(self, picture: &mut Picture) -> Rect {
        let row_bytes = self.place.width as usize * 4;
        let rows = self.place.y..self.place.y + self.place.height;
        for (y, pixels) in rows.zip(self.pixels.chunks_exact(row_bytes)) {
            picture
                .row_mut(self.place.x, y, self.place.width)
                .copy_from_slice(pixels);
        }
        self.place
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

/// The pointer's image.
struct Shape {
    width: u32,
    height: u32,
    hot_spot: (i32, i32),
    /// Alpha, red, green, blue from the highest byte down, multiplied by alpha already.
    pixels: Vec<u32>,
}

impl Shape {
    /// The image as it is now; `None` if there is none, or none of a sane size.
    fn ask(x: &XConnection) -> Result<Option<Self>, ReplyError> {
        let reply = match x.raw().xfixes_get_cursor_image()?.reply() {
            Ok(reply) => reply,
            // It belongs to a program that has ended, and the server does not show it.
            Err(ReplyError::X11Error(error)) if error.error_kind == ErrorKind::Access => {
                return Ok(Some(Self::plain()));
            }
            Err(ReplyError::X11Error(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (width, height) = (u32::from(reply.width), u32::from(reply.height));
        let is_sane = (1..=LARGEST).contains(&width)
            && (1..=LARGEST).contains(&height)
            && reply.cursor_image.len() == width as usize * height as usize;
        Ok(is_sane.then(|| Self {
            width,
            height,
            hot_spot: (i32::from(reply.xhot), i32::from(reply.yhot)),
            pixels: reply.cursor_image,
        }))
    }

    /// A white arrow with a black edge, for a pointer of which only the place is known.
    fn plain() -> Self {
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
        Self {
            width,
            height,
            hot_spot: (0, 0),
            pixels: (0..height)
                .flat_map(|y| (0..width).map(move |x| colour(x, y)))
                .collect(),
        }
    }
}

/// Lays a colour that is multiplied by its alpha over a pixel.
fn blend(pixel: &mut [u8], colour: u32) {
    let [blue, green, red, alpha] = colour.to_le_bytes();
    let rest = u32::from(255 - alpha);
    for (channel, over) in pixel.iter_mut().zip([blue, green, red]) {
        let under = (u32::from(*channel) * rest + 127) / 255;
        *channel = u8::try_from(under + u32::from(over)).unwrap_or(u8::MAX);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer_at(position: (i32, i32)) -> Pointer {
        Pointer {
            position,
            shape: Some(Shape {
                width: 3,
                height: 2,
                hot_spot: (1, 1),
                pixels: vec![
                    0xff00_0001,
                    0xff00_0002,
                    0xff00_0003,
                    0xff00_0004,
                    0x0000_0000,
                    0x8040_2010,
                ],
            }),
            shape_is_stale: false,
            motion: Motion::Unknown,
            version: 0,
        }
    }

    #[test]
    fn picture_is_as_before_when_the_pointer_is_taken_off() {
        for position in [(5, 5), (0, 0), (9, 7), (10, 8)] {
            let mut picture = Picture::new(10, 8);
            picture.row_mut(0, 5, 10).fill(200);
            let before = picture.pixels().to_vec();
            let covered = pointer_at(position).draw((0, 0), &mut picture).unwrap();
            assert_ne!(picture.pixels(), before, "at {position:?}");
            covered.uncover(&mut picture);
            assert_eq!(picture.pixels(), before, "at {position:?}");
        }
        let mut picture = Picture::new(10, 8);
        assert!(pointer_at((50, 5)).draw((0, 0), &mut picture).is_none());
    }

    #[test]
    fn pointer_on_the_border_of_two_displays_is_drawn_on_both() {
        let (mut left, mut right) = (Picture::new(10, 8), Picture::new(10, 8));
        let pointer = pointer_at((10, 3));
        assert!(pointer.draw((0, 0), &mut left).is_some());
        assert!(pointer.draw((10, 0), &mut right).is_some());
        assert_eq!(left.row_mut(9, 2, 1), [1, 0, 0, 0]);
        assert_eq!(right.row_mut(0, 2, 2), [2, 0, 0, 0, 3, 0, 0, 0]);
    }

    #[test]
    fn half_transparent_pixels_mix_with_what_is_under_them() {
        let mut pixel = [100, 100, 100, 0];
        blend(&mut pixel, 0x8040_2010);
        assert_eq!(pixel, [50 + 0x10, 50 + 0x20, 50 + 0x40, 0]);
    }
}
