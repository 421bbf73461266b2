//! The monitors and their numbers.

use eidetic_model::DisplayIndex;
use x11rb::{
    errors::ReplyError,
    protocol::{
        randr::{self, ConnectionExt as _},
        xproto::ConnectionExt as _,
    },
};

use super::super::connection::XConnection;
use crate::{CaptureError, Display, pixels::damage};

/// Asks for the monitors, and remembers which number each name has.
pub(in crate::linux) struct Monitors {
    names: Vec<String>,
    has_monitors: bool,
}

impl Monitors {
    /// Asks the server to tell when the monitors change.
    pub(in crate::linux) fn watch(x: &XConnection) -> Result<Self, CaptureError> {
        let has_randr = x.has(randr::X11_EXTENSION_NAME)?;
        let has_monitors = has_randr && x.explain("watch the monitors", subscribe(x))?;
        Ok(Self {
            names: Vec::new(),
            has_monitors,
        })
    }

    /// The monitors as they are now, cut to the root window, by number. Of several that show the
    /// same part of it, one is given.
    pub(in crate::linux) fn ask(&mut self, x: &XConnection) -> Result<Vec<Display>, ReplyError> {
        let root = x.raw().get_geometry(x.root())?.reply()?;
        let root_size = (u32::from(root.width), u32::from(root.height));
        let mut displays: Vec<Display> = Vec::new();
        for (name, area) in self.areas(x, root_size)? {
            let Some(visible) = damage::clip(area, (0, 0), root_size) else {
                continue;
            };
            let Some(index) = self.number_of(&name) else {
                tracing::warn!("more monitors than can be numbered");
                continue;
            };
            let display = Display {
                index,
                name,
                left: i32::try_from(visible.x).unwrap_or(i32::MAX),
                top: i32::try_from(visible.y).unwrap_or(i32::MAX),
                width: visible.width,
                height: visible.height,
            };
            if !displays.iter().any(|other| same_place(other, &display)) {
                displays.push(display);
            }
        }
        displays.sort_by_key(|display| display.index);
        Ok(displays)
    }

    /// Names and places of the monitors; of the whole root window if the server knows of none.
    fn areas(
        &self,
        x: &XConnection,
        root_size: (u32, u32),
    ) -> Result<Vec<(String, damage::Area)>, ReplyError> {
        if !self.has_monitors {
            let whole = (0, 0, root_size.0, root_size.1);
            return Ok(vec![("screen".to_owned(), whole)]);
        }
        let reply = x.raw().randr_get_monitors(x.root(), true)?.reply()?;
        reply
            .monitors
            .iter()
            .map(|monitor| {
                let name = x.raw().get_atom_name(monitor.name)?.reply()?.name;
                let area = (
                    i32::from(monitor.x),
                    i32::from(monitor.y),
                    u32::from(monitor.width),
                    u32::from(monitor.height),
                );
                Ok((String::from_utf8_lossy(&name).into_owned(), area))
            })
            .collect()
    }

    /// The number of the monitor of this name: the next free one, if it is new.
    fn number_of(&mut self, name: &str) -> Option<DisplayIndex> {
        let known = self.names.iter().position(|known| known == name);
        let number = known.unwrap_or(self.names.len());
        let index = u16::try_from(number).ok()?;
        if known.is_none() {
            self.names.push(name.to_owned());
        }
        Some(DisplayIndex(index))
    }
}

/// Whether the server tells of monitors (RandR 1.5), which it is then asked to.
fn subscribe(x: &XConnection) -> Result<bool, ReplyError> {
    let version = x.raw().randr_query_version(1, 5)?.reply()?;
    let mask = randr::NotifyMask::SCREEN_CHANGE
        | randr::NotifyMask::CRTC_CHANGE
        | randr::NotifyMask::OUTPUT_CHANGE
        | randr::NotifyMask::RESOURCE_CHANGE;
    x.raw().randr_select_input(x.root(), mask)?.check()?;
    Ok((version.major_version, version.minor_version) >= (1, 5))
}

fn same_place(one: &Display, another: &Display) -> bool {
    (one.left, one.top, one.width, one.height)
        == (another.left, another.top, another.width, another.height)
}
