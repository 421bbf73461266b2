//! The order and the places of the windows on the root window.

use x11rb::protocol::{
    Event,
    xproto::{Place, Window},
};

use crate::blackout::Area;

/// The windows on the root window, the lowest first.
#[derive(Debug, Default)]
pub(super) struct Stack(Vec<Top>);

/// A window on the root window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Top {
    pub(super) window: Window,
    /// With its border.
    pub(super) area: Area,
    pub(super) border: i32,
    pub(super) is_mapped: bool,
    pub(super) is_override: bool,
}

/// What an event says of the windows on the root window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// They are arranged in another way.
    Arranged,
    /// A window is there that has to be asked what it is.
    Appeared(Window),
}

impl Stack {
    /// The windows, the uppermost first.
    pub(super) fn uppermost_first(&self) -> impl Iterator<Item = &Top> {
        self.0.iter().rev()
    }

    /// Begins anew with these, the lowest first.
    pub(super) fn replace(&mut self, tops: Vec<Top>) {
        self.0 = tops;
    }

    /// One of them.
    pub(super) fn top(&self, window: Window) -> Option<&Top> {
        self.0.iter().find(|top| top.window == window)
    }

    /// Takes in what the server told.
    pub(super) fn take(&mut self, event: &Event, root: Window) -> Change {
        match event {
            Event::CreateNotify(event) if event.parent == root => {
                if self.top(event.window).is_none() {
                    let border = i32::from(event.border_width);
                    self.0.push(Top {
                        window: event.window,
                        area: area(event.x, event.y, event.width, event.height, border),
                        border,
                        is_mapped: false,
                        is_override: event.override_redirect,
                    });
                }
                Change::None
            }
            Event::DestroyNotify(event) => self.remove(event.window),
            Event::ReparentNotify(event) if event.parent == root => {
                self.remove(event.window);
                self.0.push(Top {
                    window: event.window,
                    // Told with the next event that places it; until then it covers everything.
                    area: EVERYTHING,
                    border: 0,
                    is_mapped: false,
                    is_override: event.override_redirect,
                });
                Change::Appeared(event.window)
            }
            Event::ReparentNotify(event) => self.remove(event.window),
            Event::MapNotify(event) => self.set_mapped(event.window, true),
            Event::UnmapNotify(event) => self.set_mapped(event.window, false),
            Event::ConfigureNotify(event) => {
                let Some(index) = self.index(event.window) else {
                    return Change::None;
                };
                let border = i32::from(event.border_width);
                let mut top = self.0.remove(index);
                top.area = area(event.x, event.y, event.width, event.height, border);
                top.border = border;
                top.is_override = event.override_redirect;
                let at = match event.above_sibling {
                    x11rb::NONE => 0,
                    sibling => self.index(sibling).map_or(index, |below| below + 1),
                };
                self.0.insert(at.min(self.0.len()), top);
                Change::Arranged
            }
            Event::CirculateNotify(event) => {
                let Some(index) = self.index(event.window) else {
                    return Change::None;
                };
                let top = self.0.remove(index);
                let at = match event.place {
                    Place::ON_TOP => self.0.len(),
                    _ => 0,
                };
                self.0.insert(at, top);
                Change::Arranged
            }
            _ => Change::None,
        }
    }

    fn set_mapped(&mut self, window: Window, is_mapped: bool) -> Change {
        match self.0.iter_mut().find(|top| top.window == window) {
            Some(top) => {
                top.is_mapped = is_mapped;
                if is_mapped {
                    Change::Appeared(window)
                } else {
                    Change::Arranged
                }
            }
            None => Change::None,
        }
    }

    fn remove(&mut self, window: Window) -> Change {
        match self.index(window) {
            Some(index) => {
                self.0.remove(index);
                Change::Arranged
            }
            None => Change::None,
        }
    }

    fn index(&self, window: Window) -> Option<usize> {
        self.0.iter().position(|top| top.window == window)
    }
}

/// A window's rectangle, with its border.
pub(super) fn area(x: i16, y: i16, width: u16, height: u16, border: i32) -> Area {
    let both = 2 * border.unsigned_abs();
    Area::new(
        x.into(),
        y.into(),
        u32::from(width) + both,
        u32::from(height) + both,
    )
}

/// More than any desktop.
pub(super) const EVERYTHING: Area = Area {
    left: i32::MIN / 2,
    top: i32::MIN / 2,
    right: i32::MAX / 2,
    bottom: i32::MAX / 2,
};

#[cfg(test)]
mod tests {
    use x11rb::protocol::xproto::{
        ConfigureNotifyEvent, CreateNotifyEvent, DestroyNotifyEvent, MapNotifyEvent,
    };

    use super::*;

    const ROOT: Window = 1;

    fn created(stack: &mut Stack, window: Window) {
        let event = CreateNotifyEvent {
            parent: ROOT,
            window,
            x: 10,
            y: 20,
            width: 30,
            height: 40,
            border_width: 1,
            ..CreateNotifyEvent::default()
        };
        stack.take(&Event::CreateNotify(event), ROOT);
        let event = MapNotifyEvent {
            window,
            ..MapNotifyEvent::default()
        };
        let change = stack.take(&Event::MapNotify(event), ROOT);
        assert_eq!(change, Change::Appeared(window));
    }

    fn order(stack: &Stack) -> Vec<Window> {
        stack.uppermost_first().map(|top| top.window).collect()
    }

    #[test]
    fn windows_are_where_the_server_says() {
        let mut stack = Stack::default();
        for window in [11, 12, 13] {
            created(&mut stack, window);
        }
        assert_eq!(order(&stack), [13, 12, 11]);
        assert_eq!(stack.top(11).unwrap().area, Area::new(10, 20, 32, 42));
        let mut moved = ConfigureNotifyEvent {
            window: 11,
            above_sibling: 12,
            x: -5,
            y: 7,
            width: 8,
            height: 9,
            ..ConfigureNotifyEvent::default()
        };
        stack.take(&Event::ConfigureNotify(moved), ROOT);
        assert_eq!(order(&stack), [13, 11, 12]);
        assert_eq!(stack.top(11).unwrap().area, Area::new(-5, 7, 8, 9));
        moved.above_sibling = x11rb::NONE;
        stack.take(&Event::ConfigureNotify(moved), ROOT);
        assert_eq!(order(&stack), [13, 12, 11]);
        let gone = DestroyNotifyEvent {
            window: 12,
            ..DestroyNotifyEvent::default()
        };
        stack.take(&Event::DestroyNotify(gone), ROOT);
        assert_eq!(order(&stack), [13, 11]);
    }
}
