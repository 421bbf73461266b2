//! The pixels of the desktop, by GDI.

use std::ptr::{NonNull, null_mut};

use windows::Win32::Graphics::Gdi::{
    BI_RGB, BITMAPINFO, BITMAPINFOHEADER, BitBlt, CAPTUREBLT, CreateCompatibleDC, CreateDIBSection,
    DIB_RGB_COLORS, DeleteDC, DeleteObject, GdiFlush, GetDC, HBITMAP, HDC, HGDIOBJ, ReleaseDC,
    SRCCOPY, SelectObject,
};

use crate::{CallFailed, Result};

/// Copies pieces of the desktop.
#[derive(Debug)]
pub struct Grabber {
    device: HDC,
    memory: HDC,
    bitmap: HBITMAP,
    before: HGDIOBJ,
    pixels: NonNull<u8>,
    width: u32,
    height: u32,
}

// SAFETY: its handles belong to the process, and it is used by one thread at a time.
unsafe impl Send for Grabber {}

impl Grabber {
    /// One that copies pieces of up to this size, each at least 1.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn new(width: u32, height: u32) -> Result<Self> {
        let (columns, rows) = (signed(width)?, signed(height)?);
        let description = BITMAPINFO {
            bmiHeader: BITMAPINFOHEADER {
                biSize: size_of::<BITMAPINFOHEADER>() as u32,
                biWidth: columns,
                // Negative: the first row is the uppermost.
                biHeight: -rows,
                biPlanes: 1,
                biBitCount: 32,
                biCompression: BI_RGB.0,
                ..BITMAPINFOHEADER::default()
            },
            ..BITMAPINFO::default()
        };
        let mut address = null_mut();
        // SAFETY: takes no address, as for the following ones that make and drop handles.
        let memory = unsafe { CreateCompatibleDC(None) };
        if memory.is_invalid() {
            return Err(CallFailed::last("CreateCompatibleDC"));
        }
        // SAFETY: the description and the place for the address outlive the call.
        let bitmap = unsafe {
            CreateDIBSection(
                Some(memory),
                &raw const description,
                DIB_RGB_COLORS,
                &raw mut address,
                None,
                0,
            )
        };
        let (Ok(bitmap), Some(pixels)) = (bitmap, NonNull::new(address.cast::<u8>())) else {
            let failed = CallFailed::last("CreateDIBSection");
            // SAFETY: it was made above, and nobody else has it.
            let _is_gone = unsafe { DeleteDC(memory) };
            return Err(failed);
        };
        // SAFETY: both were made above.
        let before = unsafe { SelectObject(memory, bitmap.into()) };
        // SAFETY: takes no address.
        let device = unsafe { GetDC(None) };
        let grabber = Self {
            device,
            memory,
            bitmap,
            before,
            pixels,
            width,
            height,
        };
        if grabber.device.is_invalid() {
            return Err(CallFailed::last("GetDC"));
        }
        Ok(grabber)
    }

    /// The size of the largest piece.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Copies the piece of the desktop at `left`, `top`. Gives its pixels, and the bytes from one
    /// row to the next: four bytes a pixel, blue, green, red, unused.
    ///
    /// # Errors
    ///
    /// What Windows says: that the desktop may not be seen, while it is that of the lock screen.
    pub fn grab(&mut self, left: i32, top: i32, width: u32, height: u32) -> Result<(&[u8], usize)> {
        let (columns, rows) = (
            signed(width.min(self.width))?,
            signed(height.min(self.height))?,
        );
        let (to, from) = (self.memory, self.device);
        let how = SRCCOPY | CAPTUREBLT;
        // SAFETY: both devices live as long as this value.
        unsafe { BitBlt(to, 0, 0, columns, rows, Some(from), left, top, how) }
            .map_err(CallFailed::of("BitBlt"))?;
        // SAFETY: takes no address.
        let _is_flushed = unsafe { GdiFlush() };
        let stride = self.width as usize * 4;
        // SAFETY: the bitmap has `height` rows of `stride` bytes at this address while it lives;
        // GDI writes to it within the calls above alone, and they need this value for themselves.
        let pixels = unsafe {
            std::slice::from_raw_parts(self.pixels.as_ptr(), stride * self.height as usize)
        };
        Ok((pixels, stride))
    }
}

impl Drop for Grabber {
    fn drop(&mut self) {
        // SAFETY: all of it was made for this value, and nobody else has it.
        unsafe {
            let _bitmap = SelectObject(self.memory, self.before);
            let _is_gone = DeleteObject(self.bitmap.into());
            let _is_gone = DeleteDC(self.memory);
            if !self.device.is_invalid() {
                let _is_gone = ReleaseDC(None, self.device);
            }
        }
    }
}

/// A size as GDI takes it.
fn signed(size: u32) -> Result<i32> {
    i32::try_from(size.max(1)).map_err(|_| CallFailed::last("CreateDIBSection"))
}
