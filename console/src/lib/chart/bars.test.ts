import { expect, test } from 'vitest';
import { bars, niceCeiling, shares } from './bars';

test('an axis ends with a round number that is not too small', () => {
  expect([0, 1, 1.2, 4, 51, 100, 7_301].map(niceCeiling)).toEqual([1, 1, 2, 5, 100, 100, 10_000]);
});

test('bars fill the width, and the smallest is seen', () => {
  const drawn = bars([0, 1, 1000], 1000, 300, 100);
  expect(drawn.map(({ height }) => height)).toEqual([0, 1.5, 100]);
  expect(drawn[2]).toMatchObject({ y: 0 });
  const ends = drawn.map(({ x, width }) => x + width);
  expect(Math.max(...ends)).toBeLessThanOrEqual(300);
});

test('shares are of a whole, and the smallest is seen', () => {
  expect(shares([0, 0])).toEqual([0, 0]);
  const drawn = shares([9_999, 1, 0]);
  expect(drawn[1]).toBeGreaterThan(1);
  expect(drawn[2]).toBe(0);
  expect(drawn.reduce((sum, share) => sum + share)).toBeCloseTo(100);
});
