//! Turns what moved into rectangles.

use alloc::vec::Vec;

use super::source::Source;
use crate::geometry::{PictureSize, Rect, TILE_SIDE};
use crate::picture::Picture;
use crate::syntax::{MAX_MOVES, Move};

/// The distance from where something is to where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vector {
    pub(super) dx: i32,
    pub(super) dy: i32,
}

/// The rectangles, made of changed tiles and of what is around them, that the picture already
/// shows at the vector's distance; in an order in which none overwrites what another needs.
pub(super) fn moved(
    source: &Source<'_>,
    picture: &Picture,
    changed: &[u32],
    vector: Vector,
) -> Vec<Move> {
    let size = picture.size();
    let is_moved = |index: u32| {
        let rect = size.tile_rect(index);
        origin(size, rect, vector).is_some_and(|(x, y)| source.shows(picture, rect, x, y))
    };
    let mut moves: Vec<Move> = Vec::new();
    // Rectangles that the next row of tiles may make higher.
    let mut open: Vec<Rect> = Vec::new();
    for row in changed.chunk_by(|a, b| a / size.columns() == b / size.columns()) {
        let mut next = Vec::new();
        let mut run: Option<Rect> = None;
        for &index in row {
            let rect = size.tile_rect(index);
            let moved = is_moved(index);
            run = match run {
                Some(before) if moved && before.x + before.width == rect.x => Some(Rect {
                    width: before.width + rect.width,
                    ..before
                }),
                before => {
                    next.extend(before);
                    moved.then_some(rect)
                }
            };
        }
        next.extend(run);
        let above = core::mem::take(&mut open);
        for rect in above {
            let below = next.iter_mut().find(|below| {
                below.x == rect.x && below.width == rect.width && below.y == rect.y + rect.height
            });
            match below {
                Some(below) => {
                    below.y = rect.y;
                    below.height += rect.height;
                }
                None => moves.extend(widened(source, picture, rect, vector)),
            }
        }
        open = next;
    }
    for rect in open {
        moves.extend(widened(source, picture, rect, vector));
    }
    if moves.len() > MAX_MOVES {
        moves.sort_by_key(|one| {
            core::cmp::Reverse(u64::from(one.to.width) * u64::from(one.to.height))
        });
        moves.truncate(MAX_MOVES);
    }
    moves.sort_by_key(|one| {
        let order = |at: u32, distance: i32| {
            if distance < 0 {
                -i64::from(at)
            } else {
                i64::from(at)
            }
        };
        (order(one.to.y, vector.dy), order(one.to.x, vector.dx))
    });
    moves
}

/// A move to a rectangle that is made as large as what moved, which does not end where tiles do.
fn widened(source: &Source<'_>, picture: &Picture, rect: Rect, vector: Vector) -> Option<Move> {
    if rect.width * rect.height < MIN_PIXELS {
        return None;
    }
    let size = picture.size();
    let shown = |rect: Rect| {
        origin(size, rect, vector).is_some_and(|(x, y)| source.shows(picture, rect, x, y))
    };
    let mut rect = rect;
    // Up, down, left, right: a line of pixels more while it moved too.
    for (up, down, left, right) in [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)] {
        for _ in 1..TILE_SIDE {
            if up > rect.y
                || left > rect.x
                || rect.y + rect.height + down > size.height()
                || rect.x + rect.width + right > size.width()
            {
                break;
            }
            let wider = Rect {
                x: rect.x - left,
                y: rect.y - up,
                width: rect.width + left + right,
                height: rect.height + up + down,
            };
            let line = Rect {
                x: if right > 0 {
                    rect.x + rect.width
                } else {
                    wider.x
                },
                y: if down > 0 {
                    rect.y + rect.height
                } else {
                    wider.y
                },
                width: if left + right > 0 { 1 } else { rect.width },
                height: if up + down > 0 { 1 } else { rect.height },
            };
            if !shown(line) {
                break;
            }
            rect = wider;
        }
    }
    let (from_x, from_y) = origin(size, rect, vector)?;
    Some(Move {
        to: rect,
        from_x,
        from_y,
    })
}

/// Where a rectangle comes from, if that is inside of the picture.
fn origin(size: PictureSize, rect: Rect, vector: Vector) -> Option<(u32, u32)> {
    let x = rect.x.checked_add_signed(vector.dx)?;
    let y = rect.y.checked_add_signed(vector.dy)?;
    (x + rect.width <= size.width() && y + rect.height <= size.height()).then_some((x, y))
}

/// Less is not worth a move.
const MIN_PIXELS: u32 = 2 * TILE_SIDE * TILE_SIDE;
