/** Which rows of a long list exist on the page: only those near what is in view. */

/** Rows `[first, end)`. */
export interface RowWindow {
  first: number;
  end: number;
}

/** The rows to draw for a list that is scrolled by `scrollTop`. */
export function windowAt(
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
  count: number,
): RowWindow {
  const top = Math.min(Math.max(0, scrollTop), Math.max(0, count * rowHeight - viewHeight));
  const first = Math.max(0, Math.floor(top / rowHeight) - ROWS_BEYOND);
  const end = Math.min(count, Math.ceil((top + viewHeight) / rowHeight) + ROWS_BEYOND);
  return { first, end: Math.max(first, end) };
}

/**
 * The row that each slot of the page shows, or `undefined` for one that is not needed.
 *
 * A row keeps its slot while it is in the window, so that scrolling by a few rows changes only a
 * few slots.
 */
export function slotsOf(window: RowWindow, slots: number): (number | undefined)[] {
  return Array.from({ length: slots }, (_, slot) => {
    const row = window.first + ((((slot - window.first) % slots) + slots) % slots);
    return row < window.end ? row : undefined;
  });
}

/** How many slots any window of a view needs. */
export function slotCount(viewHeight: number, rowHeight: number): number {
  return Math.ceil(viewHeight / rowHeight) + 1 + 2 * ROWS_BEYOND;
}

/** How to scroll so that a row is wholly in view: as little as possible. */
export function scrollTopRevealing(
  row: number,
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + viewHeight) return top + rowHeight - viewHeight;
  return scrollTop;
}

/** How to scroll so that a row is in the middle of the view. */
export function scrollTopCentring(row: number, viewHeight: number, rowHeight: number): number {
  return Math.max(0, row * rowHeight - (viewHeight - rowHeight) / 2);
}

/** The row that a key moves to; undefined for keys that do not move. */
export function rowAfterKey(
  key: string,
  row: number,
  count: number,
  rowsInView: number,
): number | undefined {
  const wanted = {
    ArrowDown: row + 1,
    ArrowUp: row - 1,
    PageDown: row + rowsInView,
    PageUp: row - rowsInView,
    Home: 0,
    End: count - 1,
  }[key];
  if (wanted === undefined || count === 0) return undefined;
  return Math.min(count - 1, Math.max(0, wanted));
}

const ROWS_BEYOND = 8;
