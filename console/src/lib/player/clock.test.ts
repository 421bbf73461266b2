import { describe, expect, it } from 'vitest';
import { PlaybackClock, SPEEDS } from './clock';

const SECOND = 1_000_000;

function playing(options: { skips?: [number, number][]; endSecs?: number } = {}): PlaybackClock {
  const clock = new PlaybackClock(0, (options.endSecs ?? 3600) * SECOND);
  clock.setSkips(
    (options.skips ?? []).map(([from, until]) => ({
      from_us: from * SECOND,
      until_us: until * SECOND,
    })),
  );
  clock.play(0);
  return clock;
}

describe('the clock of playback', () => {
  it.each(SPEEDS)('goes on at %d times the speed of the wall', (speed) => {
    const clock = playing();
    clock.setSpeed(speed);
    expect(clock.advance(2000).positionUs).toBe(2 * speed * SECOND);
  });

  it('keeps its position when the speed changes', () => {
    const clock = playing();
    clock.advance(1000);
    clock.setSpeed(32);
    expect(clock.positionUs).toBe(SECOND);
    expect(clock.advance(2000).positionUs).toBe(33 * SECOND);
  });

  it('stands still while paused and does not catch up afterwards', () => {
    const clock = playing();
    clock.advance(1000);
    clock.pause();
    clock.advance(60_000);
    clock.play(60_000);
    expect(clock.advance(61_000).positionUs).toBe(2 * SECOND);
  });

  it('stands still while the picture is missing and does not catch up afterwards', () => {
    const clock = playing();
    clock.hold(true);
    clock.advance(5000);
    clock.hold(false);
    expect(clock.advance(6000).positionUs).toBe(SECOND);
  });

  it('does not count the time that it was told to forget', () => {
    const clock = playing();
    clock.advance(1000);
    clock.rebase(60_000);
    expect(clock.advance(61_000).positionUs).toBe(2 * SECOND);
  });

  it('jumps over idle stretches without spending time in them', () => {
    const clock = playing({ skips: [[10, 70]] });
    const step = clock.advance(12_000);
    expect(step.positionUs).toBe(72 * SECOND);
    expect(step.skipped).toEqual({ from_us: 10 * SECOND, until_us: 70 * SECOND });
  });

  it('jumps over several idle stretches in one step at high speed', () => {
    const clock = playing({
      skips: [
        [10, 20],
        [25, 35],
      ],
    });
    clock.setSpeed(32);
    expect(clock.advance(1000).positionUs).toBe(52 * SECOND);
  });

  it('plays idle stretches when skipping is off', () => {
    const clock = playing({ skips: [[10, 70]] });
    clock.setSkipping(false);
    expect(clock.advance(12_000).positionUs).toBe(12 * SECOND);
  });

  it('plays an idle stretch that was asked for by seeking into it', () => {
    const clock = playing({ skips: [[10, 70]] });
    clock.seek(20 * SECOND, 0);
    expect(clock.advance(1000).positionUs).toBe(21 * SECOND);
    clock.seek(5 * SECOND, 1000);
    expect(clock.advance(7000).positionUs).toBe(71 * SECOND);
  });

  it('stops at the end, and starts over when played again', () => {
    const clock = playing({ endSecs: 3 });
    expect(clock.advance(10_000)).toMatchObject({ positionUs: 3 * SECOND, ended: true });
    expect(clock.playing).toBe(false);
    clock.play(20_000);
    expect(clock.positionUs).toBe(0);
  });

  it('keeps inside the session whatever is asked for', () => {
    const clock = playing({ endSecs: 3 });
    clock.seek(-5 * SECOND, 0);
    expect(clock.positionUs).toBe(0);
    clock.seek(99 * SECOND, 0);
    expect(clock.positionUs).toBe(3 * SECOND);
  });
});
