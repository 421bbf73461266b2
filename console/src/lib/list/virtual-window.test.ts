import { describe, expect, it } from 'vitest';
import {
  rowAfterKey,
  scrollTopCentring,
  scrollTopRevealing,
  slotCount,
  slotsOf,
  windowAt,
} from './virtual-window';

describe('the window of a long list', () => {
  it('holds what is in view and a little more, however long the list is', () => {
    const { first, end } = windowAt(320_000, 640, 32, 100_000);
    expect(first).toBeLessThanOrEqual(10_000);
    expect(end).toBeGreaterThanOrEqual(10_020);
    expect(end - first).toBeLessThan(60);
  });

  it('never leaves the list', () => {
    expect(windowAt(-50, 640, 32, 5)).toEqual({ first: 0, end: 5 });
    expect(windowAt(1e9, 640, 32, 100).end).toBe(100);
    expect(windowAt(0, 640, 32, 0)).toEqual({ first: 0, end: 0 });
  });

  it('changes few slots when it moves by one row', () => {
    const slots = slotCount(640, 32);
    const before = slotsOf(windowAt(32_000, 640, 32, 10_000), slots);
    const after = slotsOf(windowAt(32_032, 640, 32, 10_000), slots);
    const changed = after.filter((row, slot) => row !== before[slot]);
    expect(changed.length).toBeLessThanOrEqual(2);
  });

  it('shows every row of the window once, wherever it is', () => {
    const slots = slotCount(640, 32);
    for (let top = 0; top < 5000; top += 37) {
      const { first, end } = windowAt(top, 640, 32, 150);
      const rows = slotsOf({ first, end }, slots).filter((row) => row !== undefined);
      expect(rows.sort((a, b) => a - b)).toEqual(
        Array.from({ length: end - first }, (_, index) => first + index),
      );
    }
  });

  it('keeps rows in order while the list is at its top', () => {
    expect(slotsOf({ first: 0, end: 3 }, 5)).toEqual([0, 1, 2, undefined, undefined]);
  });

  it('scrolls no more than it must to reveal a row', () => {
    expect(scrollTopRevealing(5, 100, 640, 32)).toBe(100);
    expect(scrollTopRevealing(1, 100, 640, 32)).toBe(32);
    expect(scrollTopRevealing(40, 100, 640, 32)).toBe(41 * 32 - 640);
  });

  it('can put a row into the middle', () => {
    expect(scrollTopCentring(100, 320, 32)).toBe(3200 - 144);
    expect(scrollTopCentring(0, 320, 32)).toBe(0);
  });

  it('moves by key and stops at both ends', () => {
    expect(rowAfterKey('ArrowDown', 3, 10, 5)).toBe(4);
    expect(rowAfterKey('ArrowUp', 0, 10, 5)).toBe(0);
    expect(rowAfterKey('PageDown', 7, 10, 5)).toBe(9);
    expect(rowAfterKey('End', 0, 10, 5)).toBe(9);
    expect(rowAfterKey('x', 0, 10, 5)).toBeUndefined();
    expect(rowAfterKey('ArrowDown', 0, 0, 5)).toBeUndefined();
  });
});
