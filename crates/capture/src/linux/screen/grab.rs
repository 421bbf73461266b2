//! Fetching pixels from the server.

use std::os::fd::OwnedFd;

use rustix::{
    fs::{MemfdFlags, ftruncate, memfd_create},
    io::{Errno, pread},
};
use x11rb::{
    errors::ReplyError,
    protocol::{
        shm::{self, ConnectionExt as _},
        xproto::{ConnectionExt as _, ImageFormat, ImageOrder, VisualClass},
    },
};

use super::super::connection::XConnection;
use crate::{CaptureError, Rect};

/// Fetches rectangles of the root window as rows of 32-bit pixels.
///
/// Where the server is on this computer, it writes the pixels into a memory file that both know
/// (MIT-SHM), and they are read from there. They are read as from a file and not mapped: the
/// server's process may write or shorten the file at any time, which is harmless to a reader.
pub(super) struct Grabber {
    shared: Option<SharedMemory>,
    rows: Vec<u8>,
}

impl Grabber {
    /// A grabber for this display.
    pub(super) fn new(x: &XConnection) -> Result<Self, CaptureError> {
        check_pixel_format(x)?;
        let shared = if x.has(shm::X11_EXTENSION_NAME)? {
            SharedMemory::attach(x)?
        } else {
            None
        };
        if shared.is_none() {
            tracing::info!("no shared memory with the X server, its pixels come by the socket");
        }
        Ok(Self {
            shared,
            rows: Vec::new(),
        })
    }

    /// Fetches a rectangle of the root window at `left`, `top`, and gives its rows to `take` with
    /// their number within the rectangle, several at a time.
    pub(super) fn grab(
        &mut self,
        x: &XConnection,
        (left, top): (i32, i32),
        rect: Rect,
        mut take: impl FnMut(u32, &[u8]),
    ) -> Result<(), ReplyError> {
        let row_bytes = usize_from(rect.width) * BYTES_PER_PIXEL;
        let rows_per_request = (MOST_BYTES / row_bytes).max(1);
        let mut row = 0;
        while row < rect.height {
            let height = rect.height - row;
            let height = height.min(u32::try_from(rows_per_request).unwrap_or(height));
            let part = Rect {
                y: rect.y + row,
                height,
                ..rect
            };
            match &self.shared {
                Some(shared) => {
                    shared.fetch(x, (left, top), part)?;
                    shared.read(part, &mut self.rows, |at, rows| take(row + at, rows))?;
                }
                None => {
                    let (x_at, y_at) = position((left, top), part);
                    let reply = x
                        .raw()
                        .get_image(
                            ImageFormat::Z_PIXMAP,
                            x.root(),
                            x_at,
                            y_at,
                            size(part.width),
                            size(part.height),
                            ALL_PLANES,
                        )?
                        .reply()?;
                    take(row, &reply.data);
                }
            }
            row += height;
        }
        Ok(())
    }
}

/// The memory file that the server writes into.
struct SharedMemory {
    file: OwnedFd,
    segment: shm::Seg,
}

impl SharedMemory {
    /// Shares a memory file with the server. `None` if it cannot, as over a network.
    fn attach(x: &XConnection) -> Result<Option<Self>, CaptureError> {
        let version = x.explain(
            "ask for the version of MIT-SHM",
            x.raw()
                .shm_query_version()
                .map_err(ReplyError::from)
                .and_then(x11rb::cookie::Cookie::reply),
        )?;
        if (version.major_version, version.minor_version) < (1, 2) {
            return Ok(None);
        }
        let failed = |error: Errno| CaptureError::Failed {
            attempt: "make a memory file for the screen",
            reason: error.to_string(),
        };
        let file = memfd_create("eidetic-screen", MemfdFlags::CLOEXEC).map_err(failed)?;
        ftruncate(&file, MOST_BYTES as u64).map_err(failed)?;
        let servers = rustix::io::dup(&file).map_err(failed)?;
        let segment = x.new_id()?;
        let attached = x
            .raw()
            .shm_attach_fd(segment, servers, false)
            .map_err(ReplyError::from)
            .and_then(x11rb::cookie::VoidCookie::check);
        match attached {
            Ok(()) => Ok(Some(Self { file, segment })),
            Err(ReplyError::X11Error(_)) => Ok(None),
            Err(error) => x.explain("share memory with the X server", Err(error)),
        }
    }

    /// Makes the server write a rectangle into the file, row after row without padding.
    fn fetch(&self, x: &XConnection, origin: (i32, i32), part: Rect) -> Result<(), ReplyError> {
        let (x_at, y_at) = position(origin, part);
        x.raw()
            .shm_get_image(
                x.root(),
                x_at,
                y_at,
                size(part.width),
                size(part.height),
                ALL_PLANES,
                ImageFormat::Z_PIXMAP.into(),
                self.segment,
                0,
            )?
            .reply()?;
        Ok(())
    }

    /// Reads what [`Self::fetch`] made the server write, through a buffer that stays small.
    fn read(
        &self,
        part: Rect,
        buffer: &mut Vec<u8>,
        mut take: impl FnMut(u32, &[u8]),
    ) -> Result<(), ReplyError> {
        let row_bytes = usize_from(part.width) * BYTES_PER_PIXEL;
        let rows_at_once = (BUFFER_BYTES / row_bytes).max(1);
        buffer.resize(rows_at_once * row_bytes, 0);
        let mut row = 0;
        while row < usize_from(part.height) {
            let rows = rows_at_once.min(usize_from(part.height) - row);
            let wanted = &mut buffer[..rows * row_bytes];
            read_fully(&self.file, wanted, (row * row_bytes) as u64)?;
            take(u32::try_from(row).unwrap_or(u32::MAX), wanted);
            row += rows;
        }
        Ok(())
    }
}

/// Reads the whole of `buffer` from the file, from `offset` on.
fn read_fully(file: &OwnedFd, buffer: &mut [u8], offset: u64) -> Result<(), ReplyError> {
    let mut done = 0;
    while done < buffer.len() {
        match pread(file, &mut buffer[done..], offset + done as u64) {
            Ok(0) => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
            Ok(count) => done += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(std::io::Error::from(error).into()),
        }
    }
    Ok(())
}

/// Refuses displays whose pixels are not blue, green, red and one unused byte.
fn check_pixel_format(x: &XConnection) -> Result<(), CaptureError> {
    use x11rb::connection::Connection as _;
    let (setup, screen) = (x.raw().setup(), x.screen());
    let bits_per_pixel = setup
        .pixmap_formats
        .iter()
        .find(|format| format.depth == screen.root_depth)
        .map(|format| format.bits_per_pixel);
    let visual = screen
        .allowed_depths
        .iter()
        .flat_map(|depth| &depth.visuals)
        .find(|visual| visual.visual_id == screen.root_visual);
    let fits = visual.is_some_and(|visual| {
        matches!(
            visual.class,
            VisualClass::TRUE_COLOR | VisualClass::DIRECT_COLOR
        ) && (visual.red_mask, visual.green_mask, visual.blue_mask)
            == (0x00ff_0000, 0x0000_ff00, 0x0000_00ff)
    });
    if fits && bits_per_pixel == Some(32) && setup.image_byte_order == ImageOrder::LSB_FIRST {
        Ok(())
    } else {
        Err(x.lacks("a screen of 24-bit colour in 32-bit pixels"))
    }
}

/// Where a rectangle of a display lies on the root window. The protocol has 16 bits for it, and
/// the layout was cut to the root window, which has no more.
fn position((left, top): (i32, i32), part: Rect) -> (i16, i16) {
    let add = |origin: i32, offset: u32| {
        i16::try_from(i64::from(origin) + i64::from(offset)).unwrap_or(i16::MAX)
    };
    (add(left, part.x), add(top, part.y))
}

fn size(pixels: u32) -> u16 {
    u16::try_from(pixels).unwrap_or(u16::MAX)
}

fn usize_from(number: u32) -> usize {
    usize::try_from(number).expect("a 32-bit number fits on every system with X11")
}

const BYTES_PER_PIXEL: usize = 4;

/// The most that one request fetches: a whole Full HD screen, so that most pictures are of one
/// moment. Larger ones come in bands, and what changes in between is damaged again.
const MOST_BYTES: usize = 8 << 20;

/// The buffer through which the memory file is read; small enough to stay in the cache.
const BUFFER_BYTES: usize = 64 << 10;

const ALL_PLANES: u32 = u32::MAX;
