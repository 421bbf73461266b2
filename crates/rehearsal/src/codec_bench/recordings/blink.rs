//! Finds a cursor that blinks: two pictures that take turns.

use std::{collections::VecDeque, time::Duration};

use eidetic_codec::{PictureSize, Rect};

use super::super::frames::rows;

/// The last changes of the screen, as far as they may be those of a cursor.
#[derive(Default)]
pub struct Changes(VecDeque<Change>);

struct Change {
    time: Duration,
    /// The smallest rectangle around what changed.
    bounds: Rect,
    damage: Vec<Rect>,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// A cursor that blinks. The screen just changed to what it will be at the end of each period.
pub struct Blink {
    /// When it changed to that.
    pub since: Duration,
    /// From then to the other picture.
    pub first: Duration,
    /// From the other picture back.
    pub second: Duration,
    bounds: Rect,
    /// Damage and pixels of `bounds` of the other picture and of the present one.
    other: (Vec<Rect>, Vec<u8>),
    present: (Vec<Rect>, Vec<u8>),
}

impl Changes {
    /// Takes in a change from one picture to another within `bounds`.
    pub fn add(
        &mut self,
        time: Duration,
        size: PictureSize,
        bounds: Rect,
        damage: &[Rect],
        (before, after): (&[u8], &[u8]),
    ) {
        if bounds.width * bounds.height > LARGEST_CURSOR {
            self.0.clear();
            return;
        }
        let cut = |picture: &[u8]| cut(picture, size, bounds);
        self.0.push_back(Change {
            time,
            bounds,
            damage: damage.to_vec(),
            before: cut(before),
            after: cut(after),
        });
        if self.0.len() > 3 {
            self.0.pop_front();
        }
    }

    /// Forgets all, because time was passed over.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The blinking cursor, if that is all that changed lately.
    pub fn blink(&self) -> Option<Blink> {
        let [one, two, three] = self.0.iter().collect::<Vec<_>>().try_into().ok()?;
        let is_blink = one.bounds == two.bounds
            && two.bounds == three.bounds
            && one.after == two.before
            && two.after == three.before
            && one.after == three.after;
        let (first, second) = (two.time - one.time, three.time - two.time);
        (is_blink && first.max(second) <= LONGEST_HALF).then(|| Blink {
            since: three.time,
            first,
            second,
            bounds: one.bounds,
            other: (two.damage.clone(), two.after.clone()),
            present: (three.damage.clone(), three.after.clone()),
        })
    }
}

impl Blink {
    /// How long both pictures take together.
    pub fn period(&self) -> Duration {
        self.first + self.second
    }

    /// Draws the other picture's cursor; gives the damage.
    pub fn draw_other(&self, picture: &mut [u8], size: PictureSize) -> &[Rect] {
        self.draw(&self.other, picture, size)
    }

    /// Draws the present picture's cursor again; gives the damage.
    pub fn draw_present(&self, picture: &mut [u8], size: PictureSize) -> &[Rect] {
        self.draw(&self.present, picture, size)
    }

    fn draw<'a>(
        &self,
        (damage, patch): &'a (Vec<Rect>, Vec<u8>),
        picture: &mut [u8],
        size: PictureSize,
    ) -> &'a [Rect] {
        let row_bytes = self.bounds.width as usize * 4;
        for (row, new) in rows(size, self.bounds).zip(patch.chunks_exact(row_bytes)) {
            picture[row].copy_from_slice(new);
        }
        damage
    }
}

fn cut(picture: &[u8], size: PictureSize, bounds: Rect) -> Vec<u8> {
    rows(size, bounds)
        .flat_map(|row| &picture[row])
        .copied()
        .collect()
}

/// Pixels of the largest cursor.
const LARGEST_CURSOR: u32 = 64 * 64;

/// Longer than any cursor shows one picture.
const LONGEST_HALF: Duration = Duration::from_millis(1_500);

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (4, 1);

    const BOUNDS: Rect = Rect {
        x: 1,
        y: 0,
        width: 1,
        height: 1,
    };

    /// Pictures of one row in which the second pixel has these values, half a second apart.
    fn changes(values: &[u8]) -> Changes {
        let size = PictureSize::new(SIZE.0, SIZE.1).unwrap();
        let picture = |value: u8| [[0; 4], [value; 4], [0; 4], [0; 4]].concat();
        let mut changes = Changes::default();
        for (index, pair) in (1..).zip(values.windows(2)) {
            let time = Duration::from_millis(500) * index;
            let pictures = (&picture(pair[0])[..], &picture(pair[1])[..]);
            changes.add(time, size, BOUNDS, &[BOUNDS], pictures);
        }
        changes
    }

    #[test]
    fn two_pictures_that_take_turns_blink() {
        let blink = changes(&[1, 2, 1, 2]).blink().unwrap();
        assert_eq!(blink.since, Duration::from_millis(1_500));
        assert_eq!(blink.period(), Duration::from_secs(1));
        let size = PictureSize::new(SIZE.0, SIZE.1).unwrap();
        let mut picture = [0; 16];
        assert_eq!(blink.draw_other(&mut picture, size), [BOUNDS]);
        assert_eq!(picture[4], 1);
        blink.draw_present(&mut picture, size);
        assert_eq!(picture[4], 2);
    }

    #[test]
    fn typing_and_single_changes_do_not_blink() {
        assert!(changes(&[1, 2, 3, 4]).blink().is_none());
        assert!(changes(&[1, 2, 1]).blink().is_none());
    }
}
