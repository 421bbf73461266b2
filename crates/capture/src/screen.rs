//! The screen's seam.

use std::time::Duration;

use eidetic_model::DisplayIndex;

use crate::CaptureError;

/// A source of frames of all displays (monitors) of one session.
///
/// Changes are gathered from one call of [`Screen::next`] to the following one, however long that
/// is: a caller that asks rarely gets the last state, never an old one, and no change is lost.
pub trait Screen: Send {
    /// Waits up to `wait` for a change and returns it; several displays that changed are given
    /// by as many calls. The first calls give the layout, then a whole frame of each display.
    ///
    /// # Errors
    ///
    /// See [`CaptureError`].
    fn next(&mut self, wait: Duration) -> Result<Capture<'_>, CaptureError>;

    /// What a display showed when its last frame was given, once more and with no damage; `None`
    /// if it has given none. For what is to be done while nothing changes.
    fn shown(&self, display: DisplayIndex) -> Option<Frame<'_>>;
}

/// What [`Screen::next`] found.
#[derive(Debug)]
pub enum Capture<'a> {
    /// Nothing changed.
    Unchanged,
    /// The displays are now these. Whole frames of all of them follow.
    Layout(Vec<Display>),
    /// What a display shows now.
    Frame(Frame<'a>),
}

/// A display and its place on the desktop, in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// Its number within the session.
    pub index: DisplayIndex,
    /// Its name, such as `HDMI-1`.
    pub name: String,
    /// Its rectangle on the desktop.
    pub left: i32,
    /// See `left`.
    pub top: i32,
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
}

/// A display's picture, pointer included, and where it differs from the one before.
pub struct Frame<'a> {
    /// The display.
    pub display: DisplayIndex,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes from one row to the next, at least `4 * width`.
    pub stride: usize,
    /// Rows from the top, four bytes a pixel: blue, green, red, unused.
    pub pixels: &'a [u8],
    /// Where pixels may differ from the display's last frame; everything outside is the same.
    pub damage: &'a [Rect],
}

/// Pixels are captured content: only the shape is shown.
impl std::fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("display", &self.display)
            .field("width", &self.width)
            .field("height", &self.height)
            .field("damage", &self.damage)
            .finish_non_exhaustive()
    }
}

/// A rectangle within a display, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width, at least 1.
    pub width: u32,
    /// Height, at least 1.
    pub height: u32,
}
