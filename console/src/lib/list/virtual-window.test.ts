import { describe, expect, it } from 'vitest';
import { rowAfterKey, scrollTopCentring, scrollTopRevealing, windowAt } from './virtual-window';

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
