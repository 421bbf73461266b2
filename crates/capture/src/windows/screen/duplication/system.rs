//! The session that this process runs in.

use std::time::Duration;

use eidetic_winapi::{
    CallFailed,
    desktop::input_desktop,
    display::monitors,
    duplication::{Area, Duplication},
};

use super::{Move, Output, PointerPlace, Refused, System, ToldShape, Update};
use crate::{
    CaptureError, Rect,
    deadline::Since,
    windows::{
        failed,
        screen::{USERS_DESKTOP, layout::Place, pause},
    },
};

/// The desktop of this session.
pub(crate) struct ThisSession {
    begun: Since,
}

impl ThisSession {
    /// The desktop of this session.
    pub(crate) fn new() -> Self {
        Self {
            begun: Since::now(),
        }
    }
}

impl System for ThisSession {
    type Output = Duplication;

    fn monitors(&mut self) -> Result<Vec<Place>, CaptureError> {
        let monitors = monitors().map_err(failed("ask for the monitors"))?;
        Ok(monitors
            .into_iter()
            .map(|it| (it.name, [it.left, it.top, it.right, it.bottom]))
            .collect())
    }

    fn shows_the_users_desktop(&mut self) -> bool {
        input_desktop().as_deref() == Some(USERS_DESKTOP)
    }

    fn duplicate(&mut self, monitor: &str) -> Result<Duplication, Refused> {
        Duplication::open(monitor).map_err(refused)
    }

    fn now(&self) -> Duration {
        self.begun.lasted()
    }

    fn pause(&mut self, time: Duration) {
        pause(time);
    }
}

impl Output for Duplication {
    fn next(&mut self, wait: Duration) -> Result<Option<Update>, Refused> {
        let Some(told) = self.acquire(wait).map_err(refused)? else {
            return Ok(None);
        };
        Ok(Some(Update {
            surface: self.size(),
            rotation: self.rotation(),
            is_drawn: told.is_drawn,
            moves: told
                .moves
                .into_iter()
                .map(|it| Move {
                    from: it.from,
                    to: it.to,
                })
                .collect(),
            dirty: told.dirty,
            pointer: told.pointer.map(|it| PointerPlace {
                is_shown: it.is_shown,
                corner: it.corner,
            }),
            shape: told.shape.map(|it| ToldShape {
                kind: it.kind,
                width: it.width,
                height: it.height,
                pitch: it.pitch,
                bytes: it.bytes,
            }),
        }))
    }

    fn read(&mut self, areas: &[Rect], take: &mut dyn FnMut(&[u8], usize)) -> Result<(), Refused> {
        let areas: Vec<_> = areas
            .iter()
            .map(|area| Area {
                left: area.x,
                top: area.y,
                width: area.width,
                height: area.height,
            })
            .collect();
        self.pixels(&areas, take).map_err(refused)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given to what takes errors by value"
)]
fn refused(error: CallFailed) -> Refused {
    Refused {
        code: error.code(),
        reason: error.to_string(),
    }
}
