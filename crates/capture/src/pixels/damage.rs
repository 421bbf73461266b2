//! Few rectangles that cover many.

use crate::Rect;

/// A rectangle that may reach outside of what it is on: left, top, width, height.
pub(crate) type Area = (i32, i32, u32, u32);

/// Adds a rectangle to `list` and keeps the list short.
pub(crate) fn add(list: &mut Vec<Rect>, rect: Rect) {
    if list.iter().any(|other| contains(other, &rect)) {
        return;
    }
    list.push(rect);
    if list.len() >= 2 * MOST {
        merge(list);
    }
}

/// Joins rectangles that are cheaper to handle together, and more of them while there are too many.
pub(crate) fn merge(list: &mut Vec<Rect>) {
    while let Some((one, another, waste)) = cheapest_join(list) {
        if waste > WORTH_A_REQUEST && list.len() <= MOST {
            break;
        }
        let other = list.swap_remove(another);
        list[one] = union(&list[one], &other);
    }
}

/// The part of a rectangle at signed coordinates that lies within an area at `left`, `top`, moved
/// to that area's own coordinates.
pub(crate) fn clip(
    (x, y, width, height): Area,
    (left, top): (i32, i32),
    area: (u32, u32),
) -> Option<Rect> {
    let start = |at: i32, origin: i32| (i64::from(at) - i64::from(origin)).max(0);
    let end = |at: i32, size: u32, origin: i32, limit: u32| {
        (i64::from(at) + i64::from(size) - i64::from(origin)).min(i64::from(limit))
    };
    let (x0, x1) = (start(x, left), end(x, width, left, area.0));
    let (y0, y1) = (start(y, top), end(y, height, top, area.1));
    Some(Rect {
        x: u32::try_from(x0).ok()?,
        y: u32::try_from(y0).ok()?,
        width: u32::try_from(x1 - x0).ok().filter(|&width| width > 0)?,
        height: u32::try_from(y1 - y0).ok().filter(|&height| height > 0)?,
    })
}

/// The pair whose union covers the fewest pixels that neither covers, with that number.
fn cheapest_join(list: &[Rect]) -> Option<(usize, usize, u64)> {
    let mut best: Option<(usize, usize, u64)> = None;
    for (index, one) in list.iter().enumerate() {
        for (offset, another) in list[index + 1..].iter().enumerate() {
            let waste = area(&union(one, another)).saturating_sub(area(one) + area(another));
            if best.is_none_or(|(_, _, least)| waste < least) {
                best = Some((index, index + 1 + offset, waste));
            }
        }
    }
    best
}

fn contains(outer: &Rect, inner: &Rect) -> bool {
    outer.x <= inner.x
        && outer.y <= inner.y
        && outer.x + outer.width >= inner.x + inner.width
        && outer.y + outer.height >= inner.y + inner.height
}

fn union(one: &Rect, another: &Rect) -> Rect {
    let (x, y) = (one.x.min(another.x), one.y.min(another.y));
    Rect {
        x,
        y,
        width: (one.x + one.width).max(another.x + another.width) - x,
        height: (one.y + one.height).max(another.y + another.height) - y,
    }
}

fn area(rect: &Rect) -> u64 {
    u64::from(rect.width) * u64::from(rect.height)
}

/// The most rectangles that a list is left with.
const MOST: usize = 16;

/// So many needless pixels cost about as much as one more request.
const WORTH_A_REQUEST: u64 = 128 * 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    #[test]
    fn neighbours_become_one_and_distant_ones_stay_apart() {
        let mut list = vec![
            rect(0, 0, 10, 10),
            rect(10, 0, 10, 10),
            rect(1500, 900, 9, 9),
        ];
        merge(&mut list);
        list.sort_by_key(|rect| rect.x);
        assert_eq!(list, [rect(0, 0, 20, 10), rect(1500, 900, 9, 9)]);
    }

    #[test]
    fn any_number_of_rectangles_stays_few_and_covered() {
        let mut list = Vec::new();
        let all: Vec<Rect> = (0..5_000)
            .map(|n| rect(n * 7919 % 1900, n * 104_729 % 1060, 3, 5))
            .collect();
        for one in &all {
            add(&mut list, *one);
            assert!(list.len() < 2 * MOST);
        }
        merge(&mut list);
        assert!(list.len() <= MOST);
        for one in &all {
            assert!(
                list.iter().any(|cover| contains(cover, one)),
                "{one:?} is lost"
            );
        }
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let area = (100, 50);
        assert_eq!(clip((-5, -5, 10, 10), (0, 0), area), Some(rect(0, 0, 5, 5)));
        assert_eq!(
            clip((1090, 40, 100, 100), (1000, 0), area),
            Some(rect(90, 40, 10, 10))
        );
        assert_eq!(clip((100, 0, 1, 1), (0, 0), area), None);
        assert_eq!(clip((-9, 0, 9, 9), (0, 0), area), None);
        assert_eq!(clip((0, 0, 0, 9), (0, 0), area), None);
    }
}
