import type { TimeRange } from '../api/types';

/** The speeds that the player offers. */
export const SPEEDS = [0.5, 1, 2, 4, 8, 16, 32] as const;

/** What became of the position when time went on. */
export interface ClockStep {
  positionUs: number;
  /** The stretch that was jumped over, if one was. */
  skipped?: TimeRange;
  /** The position reached the end and the clock stopped. */
  ended: boolean;
}

/**
 * Where playback is: turns the time that passes on the wall into time of the recording.
 *
 * It reads no clock itself: every call that depends on the time takes it in milliseconds.
 */
export class PlaybackClock {
  #positionUs: number;
  #startUs: number;
  #endUs: number;
  #speed = 1;
  #playing = false;
  #held = false;
  #lastMs: number | undefined;
  #skipping = true;
  #skips: readonly TimeRange[] = [];
  /** The stretch that somebody asked to see by seeking into it: it is played, not skipped. */
  #wanted: TimeRange | undefined;

  constructor(startUs: number, endUs: number) {
    this.#startUs = startUs;
    this.#endUs = Math.max(startUs, endUs);
    this.#positionUs = startUs;
  }

  get positionUs(): number {
    return this.#positionUs;
  }

  get speed(): number {
    return this.#speed;
  }

  get playing(): boolean {
    return this.#playing;
  }

  get skipping(): boolean {
    return this.#skipping;
  }

  get endUs(): number {
    return this.#endUs;
  }

  setBounds(startUs: number, endUs: number): void {
    this.#startUs = startUs;
    this.#endUs = Math.max(startUs, endUs);
    this.#positionUs = this.#clamp(this.#positionUs);
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
  }

  /** Sets the stretches to jump over, in order of time and without overlap. */
  setSkips(skips: readonly TimeRange[]): void {
    this.#skips = skips;
  }

  setSkipping(skipping: boolean): void {
    this.#skipping = skipping;
    this.#wanted = undefined;
  }

  play(nowMs: number): void {
    if (this.#positionUs >= this.#endUs) this.#positionUs = this.#startUs;
    this.#playing = true;
    this.#lastMs = nowMs;
  }

  pause(): void {
    this.#playing = false;
    this.#lastMs = undefined;
  }

  /** Forgets the time that passed while nobody was looking. */
  rebase(nowMs: number): void {
    if (this.#playing) this.#lastMs = nowMs;
  }

  /** Stops the position while the picture is not there yet, without pausing. */
  hold(held: boolean): void {
    this.#held = held;
  }

  seek(positionUs: number, nowMs: number): void {
    this.#positionUs = this.#clamp(positionUs);
    this.#wanted = this.#skipAt(this.#positionUs);
    if (this.#playing) this.#lastMs = nowMs;
  }

  /** Lets the position go on to the time `nowMs`. */
  advance(nowMs: number): ClockStep {
    const elapsedMs = this.#lastMs === undefined ? 0 : Math.max(0, nowMs - this.#lastMs);
    if (this.#playing) this.#lastMs = nowMs;
    if (!this.#playing || this.#held) return { positionUs: this.#positionUs, ended: false };

    const { positionUs, skipped } = this.#walk(elapsedMs * 1000 * this.#speed);
    this.#positionUs = this.#clamp(positionUs);
    if (this.#wanted !== undefined && this.#positionUs >= this.#wanted.until_us) {
      this.#wanted = undefined;
    }
    const ended = this.#positionUs >= this.#endUs;
    if (ended) this.pause();
    return { positionUs: this.#positionUs, skipped, ended };
  }

  /** Spends `budgetUs` of playing time; skipped stretches cost none of it. */
  #walk(budgetUs: number): { positionUs: number; skipped?: TimeRange } {
    let positionUs = this.#positionUs;
    let leftUs = budgetUs;
    let skipped: TimeRange | undefined;
    if (!this.#skipping) return { positionUs: positionUs + leftUs };
    for (const skip of this.#skips) {
      if (skip.until_us <= positionUs || skip === this.#wanted) continue;
      const untilSkipUs = Math.max(0, skip.from_us - positionUs);
      if (untilSkipUs > leftUs) break;
      leftUs -= untilSkipUs;
      positionUs = skip.until_us;
      skipped = skip;
    }
    return { positionUs: positionUs + leftUs, skipped };
  }

  #skipAt(positionUs: number): TimeRange | undefined {
    return this.#skips.find((skip) => skip.from_us <= positionUs && positionUs < skip.until_us);
  }

  #clamp(positionUs: number): number {
    return Math.min(this.#endUs, Math.max(this.#startUs, positionUs));
  }
}
