import { describe, expect, it } from 'vitest';
import type { Stretch } from '../session/stretches';
import {
  BAND,
  paintAxis,
  paintEvents,
  paintGaps,
  paintIdle,
  paintStretches,
  type Brush,
  type TimelinePaint,
} from './layers';
import { TimeScale } from './scale';

const SECOND = 1_000_000;
const whole = { from_us: 0, until_us: 1000 * SECOND };
const scale = new TimeScale(whole, whole, 1000);
const paint: TimelinePaint = {
  theme: 'light',
  ground: 'ground',
  hatch: 'hatch',
  gap: 'gap',
  event: 'event',
  text: 'text',
  playhead: 'playhead',
  font: '11px sans-serif',
};

/** A brush that writes down what it is told to paint. */
function recorder() {
  const rects: { x: number; width: number; colour: string }[] = [];
  const texts: string[] = [];
  const moves: number[] = [];
  const nothing = () => {};
  const brush: Brush = {
    fillStyle: '',
    strokeStyle: '',
    lineWidth: 1,
    font: '',
    textBaseline: 'top',
    textAlign: 'left',
    fillRect(x, _y, width) {
      rects.push({ x, width, colour: String(this.fillStyle) });
    },
    fillText: (text) => texts.push(text),
    beginPath: nothing,
    moveTo: (x) => moves.push(x),
    lineTo: nothing,
    closePath: nothing,
    fill: nothing,
    stroke: nothing,
    save: nothing,
    restore: nothing,
    rect: (x, _y, width) => rects.push({ x, width, colour: 'clip' }),
    clip: nothing,
  };
  return { brush, rects, texts, moves };
}

function stretch(fromSecs: number, untilSecs: number, application: string): Stretch {
  return {
    from_us: fromSecs * SECOND,
    until_us: untilSecs * SECOND,
    application,
    title: application,
  };
}

describe('the layers of the timeline', () => {
  it('paint each stretch where its time is, in the colour of its application', () => {
    const { brush, rects } = recorder();
    paintStretches(
      brush,
      scale,
      [stretch(0, 100, 'a'), stretch(100, 200, 'b'), stretch(200, 300, 'a')],
      paint,
    );
    expect(rects.map(({ x }) => x)).toEqual([0, 100, 200]);
    expect(rects[0]?.colour).toBe(rects[2]?.colour);
    expect(rects[0]?.colour).not.toBe(rects[1]?.colour);
  });

  it('paint no more stretches than there are pixels', () => {
    const { brush, rects } = recorder();
    const many = Array.from({ length: 100_000 }, (_, index) =>
      stretch(index / 100, (index + 1) / 100, index % 3 === 0 ? 'a' : 'b'),
    );
    paintStretches(brush, scale, many, paint);
    expect(rects.length).toBeLessThanOrEqual(1000);
    expect(rects.length).toBeGreaterThan(900);
  });

  it('hatch idle stretches only where they are', () => {
    const { brush, rects } = recorder();
    paintIdle(brush, scale, [{ from_us: 300 * SECOND, until_us: 400 * SECOND }], paint);
    expect(rects).toEqual([{ x: 300, width: 100, colour: 'clip' }]);
  });

  it('show a gap even if it is shorter than a pixel', () => {
    const { brush, rects } = recorder();
    const range = { from_us: 10 * SECOND, until_us: 10.1 * SECOND, reason: 'lost' };
    paintGaps(brush, scale, [range], paint);
    expect(rects[0]).toMatchObject({ x: 10, width: 2, colour: 'gap' });
  });

  it('mark the events that are in view', () => {
    const { brush, moves } = recorder();
    const closer = scale.zoomedAt(0, 0.5);
    const event = (secs: number) => ({
      when_us: secs * SECOND,
      what: 'Lock',
      action: 'Session end',
    });
    paintEvents(brush, closer, [event(100), event(900)], paint);
    expect(moves).toEqual([196]);
  });

  it('label full steps of local time', () => {
    const { brush, texts } = recorder();
    const labels: number[] = [];
    const label = (timeUs: number) => {
      labels.push(timeUs / SECOND);
      return String(timeUs);
    };
    paintAxis(brush, scale, paint, label, 30 * SECOND);
    expect(texts.length).toBeGreaterThan(3);
    expect(labels.every((secs) => (secs + 30) % 120 === 0)).toBe(true);
    expect(BAND.axis).toBeGreaterThan(BAND.top + BAND.height);
  });
});
