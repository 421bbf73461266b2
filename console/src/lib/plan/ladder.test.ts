import { describe, expect, it } from 'vitest';
import { DEFAULT_QUALITY, LADDER } from './ladder';

describe('the ladder', () => {
  it('leads from the largest files to the smallest, without a gap', () => {
    expect(LADDER.map(({ quality }) => quality)).toEqual(['lossless', 'high', 'medium', 'low']);
    expect(LADDER.map(({ size }) => size)).toEqual([4, 3, 2, 1]);
  });

  it('has the default among its steps', () => {
    expect(LADDER.map(({ quality }) => quality)).toContain(DEFAULT_QUALITY);
  });
});
