import { describe, expect, it } from 'vitest';
import { layOut } from './layout';

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
