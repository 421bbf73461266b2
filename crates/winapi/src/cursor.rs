//! The pointer, which is not in the pixels of the desktop.

use windows::Win32::{
    Graphics::Gdi::{
        BI_RGB, BITMAP, BITMAPINFO, BITMAPINFOHEADER, DIB_RGB_COLORS, DeleteObject, GetDC,
        GetDIBits, GetObjectW, HBITMAP, ReleaseDC,
    },
    UI::WindowsAndMessaging::{
        CURSOR_SHOWING, CURSORINFO, GetCursorInfo, GetIconInfo, HCURSOR, ICONINFO,
    },
};

use crate::{CallFailed, Result};

/// Where the pointer is and which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Where its hot spot is on the desktop.
    pub position: (i32, i32),
    /// Which one it is; `None` while none is shown.
    pub image: Option<CursorHandle>,
}

/// The system's handle of a pointer's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorHandle(isize);

/// A pointer's image as Windows has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorImage {
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Where in it the hot spot is.
    pub hot_spot: (u32, u32),
    /// Its colours, four bytes a pixel: blue, green, red, alpha. Without it, it is black and white,
    /// and `mask` has two halves.
    pub colours: Option<Vec<u8>>,
    /// Four bytes a pixel, zero where the colours count. Without colours: the upper half says what
    /// is kept of what is below, the lower half what is turned over in it.
    pub mask: Vec<u8>,
}

/// The pointer now.
///
/// # Errors
///
/// What Windows says: that the desktop may not be seen, while it is that of the lock screen.
pub fn cursor() -> Result<Cursor> {
    let mut info = CURSORINFO {
        cbSize: size_of::<CURSORINFO>() as u32,
        ..CURSORINFO::default()
    };
    // SAFETY: `info` is as long as it says.
    unsafe { GetCursorInfo(&raw mut info) }.map_err(CallFailed::of("GetCursorInfo"))?;
    let is_shown = info.flags == CURSOR_SHOWING && !info.hCursor.is_invalid();
    Ok(Cursor {
        position: (info.ptScreenPos.x, info.ptScreenPos.y),
        image: is_shown.then_some(CursorHandle(info.hCursor.0 as isize)),
    })
}

/// A pointer's image.
///
/// # Errors
///
/// What Windows says: that it is no more.
pub fn cursor_image(cursor: CursorHandle) -> Result<CursorImage> {
    let mut info = ICONINFO::default();
    let handle = HCURSOR(cursor.0 as *mut _);
    // SAFETY: the place for the answer outlives the call; a handle that is no more is refused.
    unsafe { GetIconInfo(handle.into(), &raw mut info) }.map_err(CallFailed::of("GetIconInfo"))?;
    let (mask, colours) = (Bitmap(info.hbmMask), Bitmap(info.hbmColor));
    let (width, mask_height) = mask.size()?;
    let mask_pixels = mask.pixels(width, mask_height)?;
    let colours = if colours.0.is_invalid() {
        None
    } else {
        Some(colours.pixels(width, mask_height)?)
    };
    Ok(CursorImage {
        width,
        height: if colours.is_some() {
            mask_height
        } else {
            mask_height / 2
        },
        hot_spot: (info.xHotspot, info.yHotspot),
        colours,
        mask: mask_pixels,
    })
}

/// A bitmap that is ours to drop.
struct Bitmap(HBITMAP);

impl Bitmap {
    /// Width and height, of which neither is absurd.
    fn size(&self) -> Result<(u32, u32)> {
        let mut bitmap = BITMAP::default();
        let length = size_of::<BITMAP>() as i32;
        let place = (&raw mut bitmap).cast();
        // SAFETY: the place for the answer is that long.
        let read = unsafe { GetObjectW(self.0.into(), length, Some(place)) };
        let size = (
            u32::try_from(bitmap.bmWidth).unwrap_or_default(),
            u32::try_from(bitmap.bmHeight).unwrap_or_default(),
        );
        if read == 0 || !(1..=LARGEST).contains(&size.0) || !(1..=2 * LARGEST).contains(&size.1) {
            return Err(CallFailed::last("GetObject"));
        }
        Ok(size)
    }

    /// Its pixels from the uppermost row, four bytes each.
    fn pixels(&self, width: u32, height: u32) -> Result<Vec<u8>> {
        let mut description = BITMAPINFO {
            bmiHeader: BITMAPINFOHEADER {
                biSize: size_of::<BITMAPINFOHEADER>() as u32,
                biWidth: width as i32,
                biHeight: -(height as i32),
                biPlanes: 1,
                biBitCount: 32,
                biCompression: BI_RGB.0,
                ..BITMAPINFOHEADER::default()
            },
            ..BITMAPINFO::default()
        };
        let mut pixels = vec![0_u8; width as usize * height as usize * 4];
        let place = pixels.as_mut_ptr().cast();
        // SAFETY: takes no address.
        let device = unsafe { GetDC(None) };
        // SAFETY: `pixels` has room for as many rows of as many pixels as the description says.
        let rows = unsafe {
            GetDIBits(
                device,
                self.0,
                0,
                height,
                Some(place),
                &raw mut description,
                DIB_RGB_COLORS,
            )
        };
        let failed = CallFailed::last("GetDIBits");
        // SAFETY: it was given above.
        let _is_gone = unsafe { ReleaseDC(None, device) };
        if rows == 0 { Err(failed) } else { Ok(pixels) }
    }
}

impl Drop for Bitmap {
    fn drop(&mut self) {
        if !self.0.is_invalid() {
            // SAFETY: `GetIconInfo` gives copies, which nobody else has.
            let _is_gone = unsafe { DeleteObject(self.0.into()) };
        }
    }
}

/// The largest image that is asked for, in pixels of width or height.
const LARGEST: u32 = 512;
