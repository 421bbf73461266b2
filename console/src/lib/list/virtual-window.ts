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
