//! Desktop duplication: what was drawn on a monitor, by DXGI and Direct3D 11.
//!
//! Both are loaded when they are first asked for: a process that looks at no screen does not need
//! them, and where they are missing, the rest of the program works.

use std::{ffi::c_void, mem::transmute, ptr::null_mut, time::Duration};

use windows::{
    Win32::{
        Foundation::{E_FAIL, HMODULE, RECT},
        Graphics::{
            Direct3D::D3D_DRIVER_TYPE_UNKNOWN,
            Direct3D11::{
                D3D11_BOX, D3D11_CPU_ACCESS_READ, D3D11_MAP_READ, D3D11_MAPPED_SUBRESOURCE,
                D3D11_SDK_VERSION, D3D11_TEXTURE2D_DESC, D3D11_USAGE_STAGING, ID3D11Device,
                ID3D11DeviceContext, ID3D11Texture2D,
            },
            Dxgi::{
                Common::{DXGI_FORMAT_B8G8R8A8_UNORM, DXGI_SAMPLE_DESC},
                DXGI_ERROR_NOT_FOUND, DXGI_ERROR_UNSUPPORTED, DXGI_ERROR_WAIT_TIMEOUT,
                DXGI_OUTDUPL_FRAME_INFO, DXGI_OUTDUPL_MOVE_RECT, DXGI_OUTDUPL_POINTER_SHAPE_INFO,
                IDXGIAdapter1, IDXGIFactory1, IDXGIOutput1, IDXGIOutputDuplication, IDXGIResource,
            },
        },
        System::LibraryLoader::{GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW},
    },
    core::{Error, GUID, HRESULT, Interface as _, PCSTR, PCWSTR, s, w},
};

use crate::{CallFailed, Result, text::narrow};

/// One monitor's duplication. At most four processes may have one of a session.
#[derive(Debug)]
pub struct Duplication {
    device: ID3D11Device,
    context: ID3D11DeviceContext,
    duplication: IDXGIOutputDuplication,
    rotation: u32,
    /// The surface of the frame that is held, and its size.
    frame: Option<ID3D11Texture2D>,
    size: (u32, u32),
    /// Where pixels are copied to be read, of that size.
    staging: Option<(ID3D11Texture2D, (u32, u32))>,
    is_held: bool,
}

// SAFETY: none of its interfaces belongs to a thread, and it is used by one thread at a time.
unsafe impl Send for Duplication {}

/// What was told of a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Whether anything was drawn or moved.
    pub is_drawn: bool,
    /// What was moved.
    pub moves: Vec<Move>,
    /// The edges of what was drawn: left, upper, right, lower.
    pub dirty: Vec<[i32; 4]>,
    /// Where the pointer is, if that has changed.
    pub pointer: Option<Pointer>,
    /// What it looks like, if that has changed.
    pub shape: Option<PointerShape>,
}

/// Pixels that are elsewhere now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The upper left corner of where they were.
    pub from: (i32, i32),
    /// The edges of where they are: left, upper, right, lower.
    pub to: [i32; 4],
}

/// Where the pointer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Whether it is shown on this monitor.
    pub is_shown: bool,
    /// The upper left corner of its image on this monitor.
    pub corner: (i32, i32),
}

/// What the pointer looks like, as `DXGI_OUTDUPL_POINTER_SHAPE_INFO` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointerShape {
    /// `DXGI_OUTDUPL_POINTER_SHAPE_TYPE`.
    pub kind: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes from one row to the next.
    pub pitch: u32,
    /// The rows.
    pub bytes: Vec<u8>,
}

/// A rectangle of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub left: u32,
    /// Upper edge.
    pub top: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Duplication {
    /// Begins to duplicate the monitor of this name, such as `\\.\DISPLAY1`.
    ///
    /// # Errors
    ///
    /// What Windows says; that there is no such monitor.
    pub fn open(monitor: &str) -> Result<Self> {
        let (adapter, output) = find(monitor)?;
        let (device, context) = make_device(&adapter)?;
        // SAFETY: takes no address but the device's.
        let duplication = unsafe { output.DuplicateOutput(&device) }
            .map_err(CallFailed::of("DuplicateOutput"))?;
        // SAFETY: takes no address.
        let description = unsafe { duplication.GetDesc() };
        Ok(Self {
            device,
            context,
            duplication,
            rotation: description.Rotation.0.cast_unsigned(),
            frame: None,
            size: (0, 0),
            staging: None,
            is_held: false,
        })
    }

    /// How far the desktop is turned on this monitor: `DXGI_MODE_ROTATION`.
    pub fn rotation(&self) -> u32 {
        self.rotation
    }

    /// The size of the frame that was acquired last.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// The next frame, for which it waits up to `wait`; `None` if nothing happened. The one before
    /// is given back.
    ///
    /// # Errors
    ///
    /// What Windows says: that the duplication is lost, most of all.
    pub fn acquire(&mut self, wait: Duration) -> Result<Option<Told>> {
        self.give_back()?;
        let millis = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX - 1);
        let mut info = DXGI_OUTDUPL_FRAME_INFO::default();
        let mut resource: Option<IDXGIResource> = None;
        // SAFETY: the places for the answers outlive the call.
        let acquired = unsafe {
            self.duplication
                .AcquireNextFrame(millis, &raw mut info, &raw mut resource)
        };
        match acquired {
            Ok(()) => self.is_held = true,
            Err(error) if error.code() == DXGI_ERROR_WAIT_TIMEOUT => return Ok(None),
            Err(error) => return Err(CallFailed::of("AcquireNextFrame")(error)),
        }
        let is_drawn = info.AccumulatedFrames > 0 || info.LastPresentTime != 0;
        if let Some(resource) = resource {
            self.take_surface(&resource)?;
        }
        let (moves, dirty) = if is_drawn && info.TotalMetadataBufferSize > 0 {
            let bytes = info.TotalMetadataBufferSize;
            (self.moves(bytes)?, self.dirty(bytes)?)
        } else {
            Default::default()
        };
        let position = info.PointerPosition;
        Ok(Some(Told {
            is_drawn: is_drawn && self.frame.is_some(),
            moves,
            dirty,
            pointer: (info.LastMouseUpdateTime != 0).then(|| Pointer {
                is_shown: position.Visible.as_bool(),
                corner: (position.Position.x, position.Position.y),
            }),
            shape: match info.PointerShapeBufferSize {
                0 => None,
                bytes => Some(self.pointer_shape(bytes)?),
            },
        }))
    }

    /// Gives the surface of the frame to `take`: its rows, and the bytes from one to the next, four
    /// bytes a pixel: blue, green, red, unused. Only what lies within the areas is up to date; they
    /// have to lie within the surface.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn pixels(&mut self, areas: &[Area], take: &mut dyn FnMut(&[u8], usize)) -> Result<()> {
        let staging = self.staging()?;
        let Some(frame) = &self.frame else {
            return Ok(());
        };
        for area in areas {
            let part = D3D11_BOX {
                left: area.left,
                top: area.top,
                front: 0,
                right: area.left.saturating_add(area.width),
                bottom: area.top.saturating_add(area.height),
                back: 1,
            };
            // SAFETY: both textures live, are of one size and format, and the box outlives the
            // call; Direct3D leaves out what lies outside of them.
            unsafe {
                self.context.CopySubresourceRegion(
                    &staging,
                    0,
                    area.left,
                    area.top,
                    0,
                    frame,
                    0,
                    Some(&raw const part),
                );
            }
        }
        let mut mapped = D3D11_MAPPED_SUBRESOURCE::default();
        let place = Some(&raw mut mapped);
        // SAFETY: the place for the answer outlives the call; the texture can be read.
        unsafe { self.context.Map(&staging, 0, D3D11_MAP_READ, 0, place) }
            .map_err(CallFailed::of("Map"))?;
        let stride = mapped.RowPitch as usize;
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let length = stride * height.saturating_sub(1) + width * 4;
        if !mapped.pData.is_null() && stride >= width * 4 {
            // SAFETY: while it is mapped, the texture has `height` rows of `width` pixels of four
            // bytes there, each `stride` bytes after the one before, and nobody writes to it.
            take(
                unsafe { std::slice::from_raw_parts(mapped.pData.cast::<u8>(), length) },
                stride,
            );
        }
        // SAFETY: it was mapped above; the slice is gone.
        unsafe { self.context.Unmap(&staging, 0) };
        Ok(())
    }

    fn give_back(&mut self) -> Result<()> {
        self.frame = None;
        if std::mem::take(&mut self.is_held) {
            // SAFETY: takes no address; nobody uses the frame any more.
            unsafe { self.duplication.ReleaseFrame() }.map_err(CallFailed::of("ReleaseFrame"))?;
        }
        Ok(())
    }

    fn take_surface(&mut self, resource: &IDXGIResource) -> Result<()> {
        let frame: ID3D11Texture2D = resource.cast().map_err(CallFailed::of("QueryInterface"))?;
        let mut description = D3D11_TEXTURE2D_DESC::default();
        // SAFETY: the place for the answer outlives the call.
        unsafe { frame.GetDesc(&raw mut description) };
        if description.Format != DXGI_FORMAT_B8G8R8A8_UNORM {
            // Only asked-for formats may be others: no picture is better than a wrong one.
            return Err(CallFailed::of("DuplicateOutput")(Error::from_hresult(
                DXGI_ERROR_UNSUPPORTED,
            )));
        }
        self.size = (description.Width, description.Height);
        self.frame = Some(frame);
        Ok(())
    }

    fn staging(&mut self) -> Result<ID3D11Texture2D> {
        if let Some((texture, size)) = &self.staging
            && *size == self.size
        {
            return Ok(texture.clone());
        }
        let description = D3D11_TEXTURE2D_DESC {
            Width: self.size.0,
            Height: self.size.1,
            MipLevels: 1,
            ArraySize: 1,
            Format: DXGI_FORMAT_B8G8R8A8_UNORM,
            SampleDesc: DXGI_SAMPLE_DESC {
                Count: 1,
                Quality: 0,
            },
            Usage: D3D11_USAGE_STAGING,
            BindFlags: 0,
            CPUAccessFlags: D3D11_CPU_ACCESS_READ.0.cast_unsigned(),
            MiscFlags: 0,
        };
        let mut texture = None;
        // SAFETY: the description and the place for the answer outlive the call.
        unsafe {
            self.device
                .CreateTexture2D(&raw const description, None, Some(&raw mut texture))
        }
        .map_err(CallFailed::of("CreateTexture2D"))?;
        let texture = texture.ok_or_else(|| nothing_given("CreateTexture2D"))?;
        self.staging = Some((texture.clone(), self.size));
        Ok(texture)
    }

    fn moves(&self, bytes: u32) -> Result<Vec<Move>> {
        let moves = rooms::<DXGI_OUTDUPL_MOVE_RECT>(bytes, |room, bytes, needed| {
            // SAFETY: the room is that long, and the place for the answer outlives the call.
            unsafe { self.duplication.GetFrameMoveRects(bytes, room, needed) }
        })
        .map_err(CallFailed::of("GetFrameMoveRects"))?;
        Ok(moves
            .into_iter()
            .map(|it| Move {
                from: (it.SourcePoint.x, it.SourcePoint.y),
                to: edges(it.DestinationRect),
            })
            .collect())
    }

    fn dirty(&self, bytes: u32) -> Result<Vec<[i32; 4]>> {
        let dirty = rooms::<RECT>(bytes, |room, bytes, needed| {
            // SAFETY: the room is that long, and the place for the answer outlives the call.
            unsafe { self.duplication.GetFrameDirtyRects(bytes, room, needed) }
        })
        .map_err(CallFailed::of("GetFrameDirtyRects"))?;
        Ok(dirty.into_iter().map(edges).collect())
    }

    fn pointer_shape(&self, length: u32) -> Result<PointerShape> {
        let mut bytes = vec![0_u8; length as usize];
        let mut needed = 0;
        let mut info = DXGI_OUTDUPL_POINTER_SHAPE_INFO::default();
        let place = bytes.as_mut_ptr().cast::<c_void>();
        // SAFETY: the room is that long, and the places for the answers outlive the call.
        unsafe {
            self.duplication
                .GetFramePointerShape(length, place, &raw mut needed, &raw mut info)
        }
        .map_err(CallFailed::of("GetFramePointerShape"))?;
        bytes.truncate(needed as usize);
        Ok(PointerShape {
            kind: info.Type,
            width: info.Width,
            height: info.Height,
            pitch: info.Pitch,
            bytes,
        })
    }
}

impl Drop for Duplication {
    fn drop(&mut self) {
        let _is_lost = self.give_back();
    }
}

/// As many values as `fill` puts into a room of so many bytes.
fn rooms<T: Copy + Default>(
    bytes: u32,
    fill: impl FnOnce(*mut T, u32, *mut u32) -> windows::core::Result<()>,
) -> windows::core::Result<Vec<T>> {
    let size = size_of::<T>() as u32;
    let mut room = vec![T::default(); (bytes / size) as usize + 1];
    let mut filled = 0;
    fill(room.as_mut_ptr(), room.len() as u32 * size, &raw mut filled)?;
    room.truncate((filled / size) as usize);
    Ok(room)
}

fn edges(rect: RECT) -> [i32; 4] {
    [rect.left, rect.top, rect.right, rect.bottom]
}

/// The monitor of this name and the adapter that it hangs on.
fn find(monitor: &str) -> Result<(IDXGIAdapter1, IDXGIOutput1)> {
    let factory = make_factory()?;
    for number in 0.. {
        // SAFETY: takes no address; so do the calls below.
        let Ok(adapter) = (unsafe { factory.EnumAdapters1(number) }) else {
            break;
        };
        for number in 0.. {
            // SAFETY: see above.
            let Ok(output) = (unsafe { adapter.EnumOutputs(number) }) else {
                break;
            };
            // SAFETY: see above.
            let description =
                unsafe { output.GetDesc() }.map_err(CallFailed::of("IDXGIOutput::GetDesc"))?;
            let is_it = description.AttachedToDesktop.as_bool()
                && narrow(&description.DeviceName) == monitor;
            if is_it {
                let output = output.cast().map_err(CallFailed::of("QueryInterface"))?;
                return Ok((adapter, output));
            }
        }
    }
    let none = Error::from_hresult(DXGI_ERROR_NOT_FOUND);
    Err(CallFailed::of("EnumOutputs")(none))
}

fn make_factory() -> Result<IDXGIFactory1> {
    type Create = unsafe extern "system" fn(*const GUID, *mut *mut c_void) -> HRESULT;
    let address = function(
        w!("dxgi.dll"),
        s!("CreateDXGIFactory1"),
        "CreateDXGIFactory1",
    )?;
    // SAFETY: this is how the function of this name is declared.
    let create: Create = unsafe { transmute(address) };
    let mut factory = null_mut();
    // SAFETY: the id and the place for the answer outlive the call.
    unsafe { create(&IDXGIFactory1::IID, &raw mut factory) }
        .ok()
        .map_err(CallFailed::of("CreateDXGIFactory1"))?;
    if factory.is_null() {
        return Err(nothing_given("CreateDXGIFactory1"));
    }
    // SAFETY: the call gave the interface that it was asked for, which is ours to release.
    Ok(unsafe { IDXGIFactory1::from_raw(factory) })
}

fn make_device(adapter: &IDXGIAdapter1) -> Result<(ID3D11Device, ID3D11DeviceContext)> {
    type Create = unsafe extern "system" fn(
        adapter: *mut c_void,
        kind: i32,
        software: HMODULE,
        flags: u32,
        levels: *const i32,
        level_count: u32,
        version: u32,
        device: *mut Option<ID3D11Device>,
        level: *mut i32,
        context: *mut Option<ID3D11DeviceContext>,
    ) -> HRESULT;
    let address = function(
        w!("d3d11.dll"),
        s!("D3D11CreateDevice"),
        "D3D11CreateDevice",
    )?;
    // SAFETY: this is how the function of this name is declared.
    let create: Create = unsafe { transmute(address) };
    let (mut device, mut context) = (None, None);
    // SAFETY: the adapter and the places for the answers outlive the call.
    unsafe {
        create(
            adapter.as_raw(),
            D3D_DRIVER_TYPE_UNKNOWN.0,
            HMODULE::default(),
            0,
            null_mut(),
            0,
            D3D11_SDK_VERSION,
            &raw mut device,
            null_mut(),
            &raw mut context,
        )
    }
    .ok()
    .map_err(CallFailed::of("D3D11CreateDevice"))?;
    device
        .zip(context)
        .ok_or_else(|| nothing_given("D3D11CreateDevice"))
}

/// A function of one of Windows' own libraries, which stays loaded.
fn function(
    library: PCWSTR,
    name: PCSTR,
    in_words: &'static str,
) -> Result<unsafe extern "system" fn() -> isize> {
    // SAFETY: both names end with a zero; from the system's folder nothing foreign is loaded.
    let found = unsafe {
        LoadLibraryExW(library, None, LOAD_LIBRARY_SEARCH_SYSTEM32)
            .map(|library| GetProcAddress(library, name))
    };
    found
        .map_err(CallFailed::of(in_words))?
        .ok_or_else(|| CallFailed::last(in_words))
}

/// A call that succeeded gave nothing.
fn nothing_given(function: &'static str) -> CallFailed {
    CallFailed::of(function)(Error::from_hresult(E_FAIL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monitor_that_is_not_there_is_refused() {
        let refused = Duplication::open(r"\\.\DISPLAY99").unwrap_err();
        assert_ne!(refused.code(), 0, "{refused}");
    }
}
