//! The monitors and their numbers.

use eidetic_model::DisplayIndex;

use crate::Display;

/// Remembers which number each monitor has, by its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers(Vec<String>);

/// A monitor as the system tells of it: its name, and its left, upper, right and lower edge.
pub(crate) type Place = (String, [i32; 4]);

impl Numbers {
    /// The monitors as displays, by number. Of several that show the same part of the desktop, one
    /// is given; one that shows nothing is none.
    pub(crate) fn displays(&mut self, monitors: impl IntoIterator<Item = Place>) -> Vec<Display> {
        let mut displays: Vec<Display> = Vec::new();
        for (name, [left, top, right, bottom]) in monitors {
            let size = |from: i32, to: i32| {
                let size = i64::from(to) - i64::from(from);
                u32::try_from(size).ok().filter(|size| *size > 0)
            };
            let (Some(width), Some(height)) = (size(left, right), size(top, bottom)) else {
                continue;
            };
            let is_known = displays.iter().any(|other| {
                (other.left, other.top, other.width, other.height) == (left, top, width, height)
            });
            if is_known {
                continue;
            }
            let Some(index) = self.number_of(&name) else {
                tracing::warn!("more monitors than can be numbered");
                continue;
            };
            displays.push(Display {
                index,
                name,
                left,
                top,
                width,
                height,
            });
        }
        displays.sort_by_key(|display| display.index);
        displays
    }

    fn number_of(&mut self, name: &str) -> Option<DisplayIndex> {
        let known = self.0.iter().position(|known| known == name);
        let index = u16::try_from(known.unwrap_or(self.0.len())).ok()?;
        if known.is_none() {
            self.0.push(name.to_owned());
        }
        Some(DisplayIndex(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitor(name: &str, place: [i32; 4]) -> Place {
        (name.to_owned(), place)
    }

    #[test]
    fn monitors_keep_their_numbers_when_others_come_and_go() {
        let mut numbers = Numbers::default();
        let (one, two) = (
            monitor("\\\\.\\DISPLAY1", [0, 0, 1920, 1080]),
            monitor("\\\\.\\DISPLAY2", [-1280, -200, 0, 824]),
        );
        let both = numbers.displays([one.clone(), two.clone()]);
        assert_eq!((both[1].left, both[1].top), (-1280, -200));
        assert_eq!((both[1].width, both[1].height), (1280, 1024));
        let second = numbers.displays([two.clone()]);
        assert_eq!(second[0].index, DisplayIndex(1));
        let again = numbers.displays([two, one]);
        assert_eq!(again, both);
    }

    #[test]
    fn mirrored_monitor_and_one_without_pixels_are_no_displays() {
        let mut numbers = Numbers::default();
        let displays = numbers.displays([
            monitor("1", [0, 0, 800, 600]),
            monitor("2", [0, 0, 800, 600]),
            monitor("3", [800, 0, 800, 600]),
            monitor("4", [i32::MIN, 0, i32::MAX, 600]),
        ]);
        assert_eq!(displays.len(), 2);
        assert_eq!(displays[1].name, "4");
        assert_eq!(displays[1].width, u32::MAX);
    }
}
