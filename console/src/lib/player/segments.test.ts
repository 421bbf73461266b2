import { describe, expect, it } from 'vitest';
import type { Segment } from '../api/types';
import {
  HOLD_US,
  aheadRange,
  likelyRange,
  nextRange,
  placeAt,
  segmentsOfDisplay,
} from './segments';

const SECOND = 1_000_000;
const MEBIBYTE = 1024 * 1024;

function segment(startSecs: number, untilSecs: number, over: Partial<Segment> = {}): Segment {
  return {
    id: `s${startSecs}`,
    display: 0,
    start_us: startSecs * SECOND,
    until_us: untilSecs * SECOND,
    width: 1920,
    height: 1080,
    left: 0,
    top: 0,
    bytes: 10 * MEBIBYTE,
    state: 'sealed',
    key_frames: [{ time_us: startSecs * SECOND, offset: 48 }],
    ...over,
  };
}

describe('the place of a moment', () => {
  const segments = [
    segment(0, 100, {
      key_frames: [
        { time_us: 0, offset: 48 },
        { time_us: 50 * SECOND, offset: 5 * MEBIBYTE },
      ],
    }),
    segment(101, 200),
    segment(300, 400, { state: 'lost', lost_reason: 'the disk was full', key_frames: [] }),
  ];

  it('is the last key frame at or before it', () => {
    expect(placeAt(segments, 49 * SECOND)).toMatchObject({ kind: 'video', keyIndex: 0 });
    expect(placeAt(segments, 50 * SECOND)).toMatchObject({ kind: 'video', keyIndex: 1 });
    expect(placeAt(segments, 150 * SECOND)).toMatchObject({
      segment: { id: 's101' },
      keyIndex: 0,
    });
  });

  it('is the last picture of a segment while the next one is opened', () => {
    expect(placeAt(segments, 100.5 * SECOND)).toMatchObject({ segment: { id: 's0' } });
  });

  it('is nowhere in a gap, before the first and after the last segment', () => {
    expect(placeAt(segments, 250 * SECOND)).toEqual({ kind: 'none', nextUs: 300 * SECOND });
    expect(placeAt(segments, -1)).toEqual({ kind: 'none', nextUs: 0 });
    expect(placeAt(segments, 900 * SECOND)).toEqual({ kind: 'none', nextUs: undefined });
    expect(placeAt([], 0)).toEqual({ kind: 'none', nextUs: undefined });
  });

  it('says why video was lost', () => {
    expect(placeAt(segments, 350 * SECOND)).toMatchObject({
      kind: 'lost',
      reason: 'the disk was full',
    });
  });

  it('is the newest picture of a growing segment however static the screen is', () => {
    const growing = [segment(0, 10, { state: 'growing' })];
    expect(placeAt(growing, 10 * SECOND + 10 * HOLD_US)).toMatchObject({ kind: 'video' });
  });

  it('is never at a key frame that cannot be read yet', () => {
    const keys = [
      { time_us: 0, offset: 48 },
      { time_us: 5 * SECOND, offset: 500 },
    ];
    const growing = segment(0, 10, { state: 'growing', bytes: 500, key_frames: keys });
    expect(placeAt([growing], 9 * SECOND)).toMatchObject({ keyIndex: 0 });
  });

  it('is looked for on its own display', () => {
    const both = [segment(5, 9, { display: 1 }), segment(3, 9), segment(0, 2)];
    expect(segmentsOfDisplay(both, 0).map(({ id }) => id)).toEqual(['s0', 's3']);
  });
});

describe('the plan of a read', () => {
  const long = segment(0, 1000, {
    bytes: 100 * MEBIBYTE,
    key_frames: [
      { time_us: 0, offset: 48 },
      { time_us: 500 * SECOND, offset: 50 * MEBIBYTE },
    ],
  });

  it('starts at the key frame and never takes the whole segment', () => {
    const range = likelyRange(long, 1, 900 * SECOND);
    expect(range.from).toBe(50 * MEBIBYTE);
    expect(range.until - range.from).toBeLessThanOrEqual(MEBIBYTE);
  });

  it('asks for more the later the moment lies after its key frame', () => {
    const near = likelyRange(long, 0, 0);
    const far = likelyRange(long, 0, 3 * SECOND);
    expect(far.until).toBeGreaterThan(near.until);
  });

  it('ends where the next key frame begins', () => {
    const short = segment(0, 10, {
      key_frames: [
        { time_us: 0, offset: 48 },
        { time_us: 5 * SECOND, offset: 1000 },
      ],
    });
    expect(likelyRange(short, 0, 4 * SECOND)).toEqual({ from: 48, until: 1000 });
  });

  it('stays inside what is readable now', () => {
    const growing = segment(0, 10, { bytes: 500, state: 'growing' });
    expect(likelyRange(growing, 0, 10 * SECOND).until).toBe(500);
    expect(nextRange(growing, 400)).toEqual({ from: 400, until: 500 });
    expect(aheadRange(growing, 100, 32).until).toBe(500);
  });

  it('reads further ahead at higher speed, up to a bound', () => {
    const size = (speed: number) => aheadRange(long, 0, speed).until;
    expect(size(4)).toBeGreaterThanOrEqual(size(1));
    expect(size(1000)).toBe(2 * MEBIBYTE);
  });
});
