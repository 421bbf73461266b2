import { describe, expect, it } from 'vitest';
import type { Segment } from '../api/types';
import type { Outcome } from './display-stream';
import type { ToWorker } from './messages';
import { Player, type Recording } from './player';

const SECOND = 1_000_000;

const ended: Recording = {
  startUs: 0,
  endUs: 100 * SECOND,
  running: false,
  segments: [],
  idle: [{ from_us: 40 * SECOND, until_us: 60 * SECOND }],
};

function segmentAt(second: number): Segment {
  return {
    id: `segment-${second}`,
    display: 0,
    start_us: second * SECOND,
    until_us: (second + 4) * SECOND,
    width: 10,
    height: 10,
    left: 0,
    top: 0,
    bytes: 100,
    state: 'sealed',
    key_frames: [{ time_us: second * SECOND, offset: 48 }],
  };
}

class Rig {
  readonly posted: ToWorker[] = [];
  readonly player: Player;
  nowMs = 0;

  constructor(recording: Recording = ended, positionUs?: number) {
    this.player = new Player(
      {
        post: (message) => this.posted.push(message),
        nowMs: () => this.nowMs,
        changed: () => {},
      },
      recording,
      positionUs,
    );
    this.player.attach(0, {} as OffscreenCanvas, 10, 10);
    this.answer();
  }

  shows() {
    return this.posted.flatMap((message) => (message.kind === 'show' ? [message.target] : []));
  }

  answer(outcome?: Outcome): void {
    const target = this.shows().at(-1);
    if (target !== undefined) this.player.receive({ kind: 'done', display: 0, target, outcome });
  }

  after(ms: number): void {
    this.nowMs += ms;
    this.player.tick();
  }
}

describe('the player', () => {
  it('opens a session that ended at its first picture, not at a moment before it', () => {
    const segments = [segmentAt(7), segmentAt(3)];
    const { player } = new Rig({ ...ended, segments });
    expect(player.state.positionUs).toBe(3 * SECOND);
    expect(new Rig(ended).player.state.positionUs).toBe(0);
  });

  it('asks for the moment of a link at once', () => {
    const rig = new Rig(ended, 30 * SECOND);
    expect(rig.shows()[0]).toMatchObject({ timeUs: 30 * SECOND, kind: 'seek' });
  });

  it('sends the next wish of playback only after the last one was answered', () => {
    const rig = new Rig();
    rig.player.play();
    const before = rig.shows().length;
    rig.after(10);
    rig.after(10);
    expect(rig.shows()).toHaveLength(before + 1);
    rig.answer();
    rig.after(10);
    expect(rig.shows()).toHaveLength(before + 2);
  });

  it('waits for a picture that is late, and says so', () => {
    const rig = new Rig();
    rig.player.play();
    rig.after(100);
    rig.after(300);
    const heldUs = rig.player.state.positionUs;
    rig.after(5000);
    expect(rig.player.state).toMatchObject({ loading: true, positionUs: heldUs });
    rig.answer({ kind: 'shown', frameUs: 0 });
    rig.after(100);
    expect(rig.player.state).toMatchObject({ loading: false, positionUs: heldUs + 100_000 });
  });

  it('ignores the answer to a seek that a newer one overtook', () => {
    const rig = new Rig();
    rig.player.seek(10 * SECOND);
    const stale = rig.shows().at(-1);
    rig.player.seek(20 * SECOND);
    if (stale === undefined) throw new Error('no seek was sent');
    rig.player.receive({
      kind: 'done',
      display: 0,
      target: stale,
      outcome: { kind: 'shown', frameUs: 10 * SECOND },
    });
    expect(rig.player.state.pictures.get(0)).toBeUndefined();
    expect(rig.player.state.lastSeekMs).toBeUndefined();
    rig.nowMs += 40;
    rig.answer({ kind: 'shown', frameUs: 20 * SECOND });
    expect(rig.player.state.pictures.get(0)).toEqual({ kind: 'shown', frameUs: 20 * SECOND });
    expect(rig.player.state.lastSeekMs).toBe(40);
  });

  it('jumps over idle time, and says over what', () => {
    const rig = new Rig(ended, 39 * SECOND);
    rig.player.play();
    rig.after(2000);
    expect(rig.player.state).toMatchObject({ positionUs: 61 * SECOND, skipped: ended.idle[0] });
  });

  it('stops at the end of a session', () => {
    const rig = new Rig(ended, 99 * SECOND);
    rig.player.play();
    rig.after(2000);
    expect(rig.player.state).toMatchObject({ positionUs: 100 * SECOND, playing: false });
  });
});

describe('stepping', () => {
  it('moves the position to the picture that it leads to', () => {
    const rig = new Rig(ended, 30 * SECOND);
    rig.player.retry();
    rig.answer({ kind: 'shown', frameUs: 28 * SECOND });
    rig.player.step(1);
    rig.answer({ kind: 'shown', frameUs: 33 * SECOND });
    expect(rig.player.state.positionUs).toBe(33 * SECOND);
    rig.answer();
    rig.player.step(-1);
    expect(rig.shows().at(-1)?.timeUs).toBe(33 * SECOND - 1);
    rig.answer({ kind: 'shown', frameUs: 28 * SECOND });
    expect(rig.player.state.positionUs).toBe(28 * SECOND);
  });
});

describe('a running session', () => {
  const running: Recording = { ...ended, running: true };

  it('is opened at its newest moment and followed', () => {
    const rig = new Rig(running);
    expect(rig.player.state).toMatchObject({ following: 'live', positionUs: 100 * SECOND });
    rig.player.update({ ...running, endUs: 105 * SECOND });
    rig.after(500);
    expect(rig.player.state.positionUs).toBe(105.5 * SECOND);
  });

  it('does not run away from what is known of it', () => {
    const rig = new Rig(running);
    rig.after(60_000);
    expect(rig.player.state.positionUs).toBe(112 * SECOND);
  });

  it('can be followed into the past and back', () => {
    const rig = new Rig(running);
    rig.player.seek(10 * SECOND);
    expect(rig.player.state).toMatchObject({ following: 'past', positionUs: 10 * SECOND });
    rig.player.goLive();
    expect(rig.player.state).toMatchObject({ following: 'live', positionUs: 100 * SECOND });
  });

  it('is live again when playback reaches its newest moment', () => {
    const rig = new Rig(running, 99 * SECOND);
    rig.player.play();
    rig.after(150);
    rig.answer();
    rig.after(5000);
    expect(rig.player.state.following).toBe('live');
  });

  it('stops being live when it ends', () => {
    const rig = new Rig(running);
    rig.player.update({ ...running, running: false, endUs: 101 * SECOND });
    expect(rig.player.state).toMatchObject({ following: 'ended', playing: false });
  });
});
