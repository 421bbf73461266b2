import type { Segment, TimeRange } from '../api/types';
import { PlaybackClock } from './clock';
import type { Outcome, Target } from './display-stream';
import type { FromWorker, ToWorker } from './messages';

/** What one display shows. */
export type Picture =
  | { kind: 'waiting' }
  | { kind: 'shown'; frameUs: number }
  | { kind: 'missing'; reason: string | undefined; nextUs: number | undefined }
  | { kind: 'failed'; message: string };

/** How a running session is watched; one that ended is `ended`. */
export type Following = 'ended' | 'live' | 'past';

/** Everything about the player that can be seen; a new value for each change. */
export interface PlayerState {
  startUs: number;
  endUs: number;
  positionUs: number;
  playing: boolean;
  speed: number;
  skipIdle: boolean;
  following: Following;
  /** A picture is late. */
  loading: boolean;
  pictures: ReadonlyMap<number, Picture>;
  /** Nothing can be played, and why. */
  broken: string | undefined;
  /** The stretch that playback jumped over last. */
  skipped: TimeRange | undefined;
  /** How long the last seek took until its picture was drawn. */
  lastSeekMs: number | undefined;
}

/** What the player needs from around it. */
export interface PlayerHost {
  post(message: ToWorker, transfer?: Transferable[]): void;
  nowMs(): number;
  /** Called after each change of state. */
  changed(state: PlayerState): void;
}

/** What is played. */
export interface Recording {
  startUs: number;
  /** Up to when the session is known. */
  endUs: number;
  running: boolean;
  segments: readonly Segment[];
  idle: readonly TimeRange[];
}

/**
 * Plays one session: keeps the position, asks the worker for pictures, and tells what it is doing.
 *
 * `tick` drives it, once for each frame of the page. Each display has one `go-on` underway at most;
 * seeks are sent at once and carry a growing number, so that answers to older ones are ignored.
 *
 * Each finished seek leaves a `performance` measure named `eidetic-seek`, from the call of `seek`
 * to the drawn picture on all displays.
 */
export class Player {
  readonly #host: PlayerHost;
  readonly #clock: PlaybackClock;
  readonly #asked = new Map<number, Asked>();
  #recording: Recording;
  #knownAtMs: number;
  #number = 0;
  #seek: { number: number; sinceMs: number; open: Set<number> } | undefined;
  #stepping: { display: number; number: number } | undefined;
  #state: PlayerState;

  constructor(host: PlayerHost, recording: Recording, positionUs: number | undefined) {
    this.#host = host;
    this.#recording = recording;
    this.#knownAtMs = host.nowMs();
    this.#clock = new PlaybackClock(recording.startUs, recording.endUs);
    this.#clock.setSkips(recording.idle);
    const live = recording.running && positionUs === undefined;
    const openAtUs = positionUs ?? (live ? recording.endUs : firstPictureUs(recording));
    this.#clock.seek(openAtUs, host.nowMs());
    this.#state = {
      startUs: recording.startUs,
      endUs: recording.endUs,
      positionUs: this.#clock.positionUs,
      playing: live,
      speed: 1,
      skipIdle: true,
      following: !recording.running ? 'ended' : live ? 'live' : 'past',
      loading: false,
      pictures: new Map(),
      broken: undefined,
      skipped: undefined,
      lastSeekMs: undefined,
    };
    host.post({ kind: 'segments', segments: [...recording.segments] });
  }

  get state(): PlayerState {
    return this.#state;
  }

  /** Takes what a running session has gained. */
  update(recording: Recording): void {
    const { segments, running } = this.#recording;
    this.#recording = recording;
    this.#knownAtMs = this.#host.nowMs();
    this.#clock.setSkips(recording.idle);
    // What runs does not become shorter: on a still screen news is older than the moment.
    const endUs = recording.running
      ? Math.max(this.#state.endUs, recording.endUs)
      : recording.endUs;
    this.#clock.setBounds(recording.startUs, endUs);
    if (segments !== recording.segments) {
      this.#host.post({ kind: 'segments', segments: [...recording.segments] });
    }
    const ended = running && !recording.running;
    this.#set({
      startUs: recording.startUs,
      endUs,
      following: ended ? 'ended' : this.#state.following,
      playing: ended && this.#state.following === 'live' ? false : this.#state.playing,
      positionUs: this.#clock.positionUs,
    });
  }

  /** Shows a display on `canvas` from now on. */
  attach(display: number, canvas: OffscreenCanvas, width: number, height: number): void {
    this.#host.post({ kind: 'attach', display, canvas, width, height }, [canvas]);
    this.#asked.set(display, { number: 0, atMs: 0, done: true });
    this.#ask(display, 'seek');
  }

  detach(display: number): void {
    this.#host.post({ kind: 'detach', display });
    this.#asked.delete(display);
    this.#seek?.open.delete(display);
    const pictures = new Map(this.#state.pictures);
    pictures.delete(display);
    this.#set({ pictures });
  }

  resize(display: number, width: number, height: number): void {
    this.#host.post({ kind: 'resize', display, width, height });
  }

  play(): void {
    if (this.#state.following === 'live') return;
    const before = this.#clock.positionUs;
    this.#clock.play(this.#host.nowMs());
    this.#set({ playing: true, positionUs: this.#clock.positionUs });
    if (this.#clock.positionUs !== before) this.#askAll('seek');
  }

  pause(): void {
    this.#leaveLive();
    this.#clock.pause();
    this.#set({ playing: false, loading: false });
  }

  toggle(): void {
    if (this.#state.playing) this.pause();
    else this.play();
  }

  setSpeed(speed: number): void {
    this.#clock.setSpeed(speed);
    this.#set({ speed });
  }

  setSkipIdle(skipIdle: boolean): void {
    this.#clock.setSkipping(skipIdle);
    this.#set({ skipIdle, skipped: undefined });
  }

  seek(timeUs: number): void {
    this.#leaveLive();
    const nowMs = this.#host.nowMs();
    this.#clock.seek(Math.round(timeUs), nowMs);
    this.#set({ positionUs: this.#clock.positionUs, skipped: undefined });
    this.#seek = { number: this.#number + 1, sinceMs: nowMs, open: new Set(this.#asked.keys()) };
    this.#askAll('seek');
  }

  seekBy(deltaUs: number): void {
    this.seek(this.#clock.positionUs + deltaUs);
  }

  /** Shows the picture before or after the one on the first display. */
  step(direction: 1 | -1): void {
    const [display] = this.#asked.keys();
    const picture = display === undefined ? undefined : this.#state.pictures.get(display);
    if (display === undefined || picture?.kind !== 'shown') return;
    this.pause();
    if (direction > 0) this.#ask(display, 'step');
    else this.seek(picture.frameUs - 1);
    this.#stepping = { display, number: this.#number };
  }

  /** Goes to the newest moment of a running session and stays there. */
  goLive(): void {
    if (!this.#recording.running) return;
    this.#clock.pause();
    this.#clock.seek(this.#recording.endUs, this.#host.nowMs());
    this.#set({ following: 'live', playing: true, positionUs: this.#clock.positionUs });
    this.#askAll('seek');
  }

  /** Asks again for what could not be shown. */
  retry(): void {
    this.#askAll('seek');
  }

  /** Says that nobody looked until now: what time passed meanwhile does not count. */
  wake(): void {
    this.#clock.rebase(this.#host.nowMs());
  }

  /** Lets time go on. */
  tick(): void {
    const nowMs = this.#host.nowMs();
    const late = [...this.#asked.values()].some(
      ({ done, atMs }) => !done && nowMs - atMs > LATE_AFTER_MS,
    );
    if (this.#state.following === 'live') this.#followEdge(nowMs);
    else this.#playOn(nowMs, late);
    if (late !== this.#state.loading) this.#set({ loading: late });
  }

  /** Takes a message of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === 'broken') {
      this.#clock.pause();
      this.#set({ broken: message.message, playing: false, loading: false });
      return;
    }
    const { display, target, outcome } = message;
    const asked = this.#asked.get(display);
    if (asked === undefined || target.number < asked.number) return;
    asked.done = true;
    this.#finishSeek(display, target.number);
    if (outcome !== undefined) this.#setPicture(display, outcome);
    this.#finishStep(display, target.number, outcome);
  }

  #followEdge(nowMs: number): void {
    const aheadUs = Math.min(MAX_AHEAD_OF_NEWS_US, (nowMs - this.#knownAtMs) * 1000);
    const edgeUs = Math.max(this.#state.endUs, this.#recording.endUs + aheadUs);
    this.#clock.setBounds(this.#recording.startUs, edgeUs);
    this.#clock.seek(edgeUs, nowMs);
    this.#set({ positionUs: edgeUs, endUs: edgeUs });
    this.#askAll('go-on');
  }

  #playOn(nowMs: number, late: boolean): void {
    if (!this.#state.playing) return;
    this.#clock.hold(late);
    const step = this.#clock.advance(nowMs);
    if (step.ended && this.#recording.running) {
      this.goLive();
      return;
    }
    this.#set({
      positionUs: step.positionUs,
      playing: this.#clock.playing,
      skipped: step.skipped ?? this.#state.skipped,
    });
    this.#askAll('go-on');
  }

  #leaveLive(): void {
    if (this.#state.following !== 'live') return;
    this.#set({ following: 'past', playing: false });
  }

  #askAll(kind: Target['kind']): void {
    for (const [display, { done }] of this.#asked) {
      if (kind === 'seek' || done) this.#ask(display, kind);
    }
  }

  #ask(display: number, kind: Target['kind']): void {
    this.#number += 1;
    const timeUs = this.#clock.positionUs;
    const speed = this.#state.playing ? this.#state.speed : 0;
    const target: Target = { number: this.#number, timeUs, kind, speed };
    this.#asked.set(display, { number: target.number, atMs: this.#host.nowMs(), done: false });
    this.#host.post({ kind: 'show', display, target });
  }

  #finishSeek(display: number, number: number): void {
    const seek = this.#seek;
    if (seek === undefined || number < seek.number) return;
    seek.open.delete(display);
    if (seek.open.size > 0) return;
    this.#seek = undefined;
    const nowMs = this.#host.nowMs();
    performance.measure('eidetic-seek', { start: seek.sinceMs, end: nowMs });
    this.#set({ lastSeekMs: nowMs - seek.sinceMs });
  }

  /** After a step the position is that of the picture. */
  #finishStep(display: number, number: number, outcome: Outcome | undefined): void {
    const stepping = this.#stepping;
    if (stepping?.display !== display || number < stepping.number) return;
    this.#stepping = undefined;
    if (outcome?.kind !== 'shown') return;
    this.#clock.seek(outcome.frameUs, this.#host.nowMs());
    this.#set({ positionUs: this.#clock.positionUs });
    this.#askAll('go-on');
  }

  #setPicture(display: number, outcome: Outcome): void {
    this.#set({ pictures: new Map(this.#state.pictures).set(display, outcome) });
  }

  #set(change: Partial<PlayerState>): void {
    const keys = Object.keys(change) as (keyof PlayerState)[];
    if (keys.every((key) => Object.is(change[key], this.#state[key]))) return;
    this.#state = { ...this.#state, ...change };
    this.#host.changed(this.#state);
  }
}

interface Asked {
  number: number;
  atMs: number;
  done: boolean;
}

const LATE_AFTER_MS = 200;
/** How far the newest moment may run ahead of the last news of it. */
const MAX_AHEAD_OF_NEWS_US = 12_000_000;

/** Where a session that ended is opened: recording begins a moment after the session does. */
function firstPictureUs(recording: Recording): number {
  const shown = recording.segments.filter((segment) => segment.state !== 'lost');
  if (shown.length === 0) return recording.startUs;
  const firstUs = Math.min(...shown.map((segment) => segment.start_us));
  return Math.max(firstUs, recording.startUs);
}
