import { describe, expect, it } from 'vitest';
import { TimeScale, axisStepUs } from './scale';

const MINUTE = 60_000_000;
const hour = { from_us: 0, until_us: 60 * MINUTE };
const scale = new TimeScale(hour, hour, 600);

describe('the scale of the timeline', () => {
  it('gives back the time of the pixel it put a time on', () => {
    for (const minutes of [0, 7, 30, 60]) {
      expect(scale.timeAt(scale.xOf(minutes * MINUTE))).toBe(minutes * MINUTE);
    }
  });

  it('never leads outside the session', () => {
    expect(scale.timeAt(-100)).toBe(0);
    expect(scale.timeAt(10_000)).toBe(60 * MINUTE);
  });

  it('keeps the moment under the pointer in its place while zooming', () => {
    const before = scale.timeAt(450);
    const closer = scale.zoomedAt(450, 0.5).zoomedAt(450, 0.5);
    expect(closer.timeAt(450)).toBe(before);
    expect(closer.view.until_us - closer.view.from_us).toBe(15 * MINUTE);
    expect(closer.zoomed).toBe(true);
  });

  it('stops at the whole session when zooming out', () => {
    const wide = scale.zoomedAt(100, 0.1).zoomedAt(300, 1000);
    expect(wide.view).toEqual(hour);
    expect(wide.zoomed).toBe(false);
  });

  it('stops at the edges when moved', () => {
    const closer = scale.zoomedAt(0, 0.5);
    expect(closer.pannedBy(-1000).view.from_us).toBe(0);
    expect(closer.pannedBy(1e9).view.until_us).toBe(60 * MINUTE);
  });

  it('cuts stretches to what is in view', () => {
    const closer = scale.zoomedAt(0, 0.5);
    expect(closer.spanOf({ from_us: 15 * MINUTE, until_us: 45 * MINUTE })).toEqual({
      x: 300,
      width: 300,
    });
    expect(closer.spanOf({ from_us: 40 * MINUTE, until_us: 45 * MINUTE })).toBeUndefined();
  });

  it('follows the position out of view, and stays put while it is in view', () => {
    const closer = scale.zoomedAt(0, 0.25);
    expect(closer.revealing(10 * MINUTE)).toBe(closer);
    const moved = closer.revealing(50 * MINUTE);
    expect(moved.xOf(50 * MINUTE)).toBeGreaterThanOrEqual(0);
    expect(moved.xOf(50 * MINUTE)).toBeLessThanOrEqual(600);
  });

  it('still shows everything when the session goes on', () => {
    const longer = { from_us: 0, until_us: 90 * MINUTE };
    expect(scale.withWhole(longer).view).toEqual(longer);
    const zoomed = scale.zoomedAt(0, 0.5);
    expect(zoomed.withWhole(longer).view).toEqual(zoomed.view);
  });

  it('survives a session without any length', () => {
    const point = { from_us: 5, until_us: 5 };
    const flat = new TimeScale(point, point, 600);
    expect(flat.timeAt(300)).toBe(5);
    expect(Number.isFinite(flat.xOf(5))).toBe(true);
  });

  it('labels the axis at usual steps that do not touch', () => {
    for (const usPerPixel of [1000, 6000, 50_000, 1e6, 1e8]) {
      const step = axisStepUs(usPerPixel);
      if (usPerPixel < 1e8) expect(step / usPerPixel).toBeGreaterThanOrEqual(84);
    }
    expect(axisStepUs(6e6 / 10)).toBe(60e6);
  });
});
