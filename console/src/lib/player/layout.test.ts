import { describe, expect, it } from 'vitest';
import type { Segment, SessionDetail } from '../api/types';
import { displayHistories, displaysAt, layOut } from './layout';

const hd = { index: 0, left: 0, top: 0, width: 1920, height: 1080 };
const beside = { index: 1, left: 1920, top: 0, width: 1280, height: 1024 };

describe('the layout of displays', () => {
  it('shrinks a display to fit the view', () => {
    expect(layOut([hd], 960, 1000, 'fit')).toMatchObject({ width: 960, height: 540 });
  });

  it('enlarges by whole factors only', () => {
    expect(layOut([hd], 3000, 3000, 'fit').width).toBe(1920);
    expect(layOut([hd], 3840, 3000, 'fit').width).toBe(3840);
  });

  it('shows actual pixels when asked to, whatever the view', () => {
    expect(layOut([hd], 300, 300, 'actual')).toMatchObject({ width: 1920, height: 1080 });
  });

  it('puts displays side by side as they stand', () => {
    const { boxes, width } = layOut([hd, beside], 1600, 900, 'fit');
    expect(width).toBe(1600);
    expect(boxes).toEqual([
      { display: 0, left: 0, top: 0, width: 960, height: 540 },
      { display: 1, left: 960, top: 0, width: 640, height: 512 },
    ]);
  });

  it('places displays left of and above the first', () => {
    const above = { index: 1, left: -100, top: -1080, width: 1920, height: 1080 };
    const { boxes } = layOut([hd, above], 5000, 5000, 'actual');
    expect(boxes.map(({ left, top }) => [left, top])).toEqual([
      [100, 1080],
      [0, 0],
    ]);
  });
});

describe('the displays at a moment', () => {
  const segment = (start_us: number, width: number): Segment => ({
    id: String(start_us),
    display: 0,
    start_us,
    until_us: start_us + 10,
    width,
    height: 100,
    left: 0,
    top: 0,
    bytes: 1,
    state: 'sealed',
    key_frames: [],
  });
  const detail = {
    displays: [{ index: 0, left: 0, top: 0, width: 300, height: 100 }],
    segments: [segment(20, 300), segment(0, 200)],
  } as unknown as SessionDetail;

  it('have the size that was recorded then', () => {
    const histories = displayHistories(detail);
    const widths = [-5, 0, 15, 20, 99].map((timeUs) => displaysAt(histories, timeUs)[0]?.width);
    expect(widths).toEqual([200, 200, 200, 300, 300]);
  });

  it('have the size that is listed when nothing was recorded', () => {
    const histories = displayHistories({ ...detail, segments: [] });
    expect(displaysAt(histories, 0)).toEqual(detail.displays);
  });
});
