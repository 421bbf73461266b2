import { describe, expect, it } from 'vitest';
import type { Segment } from '../api/types';
import { ByteStore } from './byte-store';
import type { SegmentDecoder } from './decoder/segment-decoder';
import { DisplayStream, type Outcome, type Target } from './display-stream';
import type { ByteRange } from './segments';

const SECOND = 1_000_000;
const HEADER = 48;

/** A decoder of a format in which each byte is a frame, a second after the one before. */
class ScriptedDecoder implements SegmentDecoder {
  readonly width = 1;
  readonly height = 1;
  restarts = 0;
  advances = 0;
  #bytes: number[] = [];

  restart(): void {
    this.restarts += 1;
    this.#bytes = [];
  }

  push(bytes: Uint8Array): void {
    this.#bytes.push(...bytes);
  }

  nextFrameUs(): number | undefined {
    const [second] = this.#bytes;
    return second === undefined ? undefined : second * SECOND;
  }

  advance(): void {
    this.advances += 1;
    if (this.#bytes.shift() === 99) throw new Error('damaged at 99');
  }

  picture(): Uint8ClampedArray<ArrayBuffer> {
    return new Uint8ClampedArray(4);
  }

  dispose(): void {}
}

/** A segment of `secs` frames with a key frame every 20, beginning at `startSecs`. */
function segment(startSecs: number, secs: number, over: Partial<Segment> = {}): Segment {
  return {
    id: `s${startSecs}`,
    display: 0,
    start_us: startSecs * SECOND,
    until_us: (startSecs + secs) * SECOND,
    width: 1,
    height: 1,
    left: 0,
    top: 0,
    bytes: HEADER + secs,
    state: 'sealed',
    key_frames: Array.from({ length: Math.ceil(secs / 20) }, (_, index) => ({
      time_us: (startSecs + index * 20) * SECOND,
      offset: HEADER + index * 20,
    })),
    ...over,
  };
}

class Rig {
  readonly decoder = new ScriptedDecoder();
  readonly asked: { id: string; range: ByteRange; answer: () => void }[] = [];
  readonly outcomes: { number: number; outcome: Outcome }[] = [];
  readonly stream: DisplayStream;
  drawn = 0;
  /** Whether answers wait for `answer`. */
  slow = false;
  #number = 0;

  constructor(segments: Segment[]) {
    const store = new ByteStore((id, range, signal) => {
      const start = Number(id.slice(1));
      const bytes = Uint8Array.from({ length: range.until - range.from }, (_, index) =>
        Math.max(0, start + range.from + index - HEADER),
      );
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        this.asked.push({ id, range, answer: () => resolve(bytes) });
        if (!this.slow) resolve(bytes);
      });
    });
    this.stream = new DisplayStream({
      store,
      createDecoder: () => this.decoder,
      draw: () => (this.drawn += 1),
      report: ({ number }, outcome) => {
        if (outcome !== undefined) this.outcomes.push({ number, outcome });
      },
    });
    this.stream.setSegments(segments);
  }

  show(secs: number, kind: Target['kind'] = 'seek', nowMs = 0): number {
    this.#number += 1;
    this.stream.show({ number: this.#number, timeUs: secs * SECOND, kind, speed: 1 }, nowMs);
    return this.#number;
  }

  async settled(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((done) => setImmediate(done));
  }

  shownSecs(): number[] {
    return this.outcomes.flatMap(({ outcome }) =>
      outcome.kind === 'shown' ? [outcome.frameUs / SECOND] : [],
    );
  }
}

describe('the stream of one display', () => {
  it('shows the last frame at or before the moment', async () => {
    const rig = new Rig([segment(0, 60)]);
    rig.show(47.5);
    await rig.settled();
    expect(rig.shownSecs()).toEqual([47]);
  });

  it('decodes from the last key frame, not from the beginning', async () => {
    const rig = new Rig([segment(0, 60)]);
    rig.show(47);
    await rig.settled();
    expect(rig.decoder.advances).toBe(8);
  });

  it('goes on from where it is when the moment is a little later', async () => {
    const rig = new Rig([segment(0, 60)]);
    rig.show(45);
    await rig.settled();
    rig.show(47, 'go-on');
    await rig.settled();
    expect(rig.shownSecs()).toEqual([45, 47]);
    expect(rig.decoder.restarts).toBe(1);
  });

  it('steps to the next frame whenever it is, across segments too', async () => {
    const rig = new Rig([segment(0, 20), segment(100, 20)]);
    rig.show(18);
    await rig.settled();
    rig.show(18, 'step');
    await rig.settled();
    rig.show(19, 'step');
    await rig.settled();
    expect(rig.shownSecs()).toEqual([18, 19, 100]);
  });

  it('begins again when the moment is earlier', async () => {
    const rig = new Rig([segment(0, 60)]);
    rig.show(47);
    await rig.settled();
    rig.show(44);
    await rig.settled();
    expect(rig.shownSecs()).toEqual([47, 44]);
  });

  it('looks only at the newest of the seeks that came while it worked', async () => {
    const rig = new Rig([segment(0, 20), segment(100, 20), segment(30, 20)]);
    rig.stream.setSegments([segment(0, 20), segment(30, 20), segment(100, 20)]);
    rig.show(5);
    rig.show(35);
    const last = rig.show(105);
    await rig.settled();
    expect(rig.shownSecs()).toEqual([5, 105]);
    expect(rig.outcomes.at(-1)?.number).toBe(last);
    expect(rig.asked.map(({ id }) => id)).not.toContain('s30');
  });

  it('gives up a slow seek for a newer one', async () => {
    const rig = new Rig([segment(0, 20), segment(30, 20)]);
    rig.slow = true;
    rig.show(5, 'seek', 0);
    await rig.settled();
    rig.slow = false;
    rig.show(35, 'seek', 1000);
    await rig.settled();
    expect(rig.shownSecs()).toEqual([35]);
  });

  it('says why there is no picture', async () => {
    const lost = segment(100, 20, { state: 'lost', lost_reason: 'disk full', key_frames: [] });
    const rig = new Rig([segment(0, 20), lost]);
    rig.show(50);
    await rig.settled();
    rig.show(110);
    await rig.settled();
    expect(rig.outcomes.map(({ outcome }) => outcome)).toEqual([
      { kind: 'missing', reason: undefined, nextUs: 100 * SECOND },
      { kind: 'missing', reason: 'disk full', nextUs: undefined },
    ]);
  });

  it('follows a growing segment with what it gained', async () => {
    const rig = new Rig([segment(0, 10, { state: 'growing' })]);
    rig.show(50);
    await rig.settled();
    rig.stream.setSegments([segment(0, 15, { state: 'growing' })]);
    rig.show(60, 'go-on');
    await rig.settled();
    expect(rig.shownSecs()).toEqual([9, 14]);
    expect(rig.decoder.restarts).toBe(1);
  });

  it('waits for a first frame that has not all arrived', async () => {
    const rig = new Rig([segment(0, 10, { state: 'growing', bytes: HEADER })]);
    rig.show(5);
    await rig.settled();
    expect(rig.outcomes).toEqual([]);
    rig.stream.setSegments([segment(0, 10, { state: 'growing' })]);
    rig.show(5.5, 'go-on');
    await rig.settled();
    expect(rig.shownSecs()).toEqual([5]);
    expect(rig.decoder.restarts).toBe(1);
  });

  it('says that a segment is damaged and goes on behind the damage', async () => {
    const rig = new Rig([segment(80, 60)]);
    rig.show(99.5);
    await rig.settled();
    expect(rig.outcomes[0]?.outcome).toEqual({ kind: 'failed', message: 'damaged at 99' });
    const asked = rig.decoder.restarts;
    rig.show(99.6, 'go-on');
    await rig.settled();
    expect(rig.decoder.restarts).toBe(asked);
    rig.show(105, 'go-on');
    await rig.settled();
    expect(rig.shownSecs()).toEqual([105]);
  });
});
