import type { Segment } from '../api/types';
import type { ByteStore } from './byte-store';
import { HEADER_BYTES, type SegmentDecoder } from './decoder/segment-decoder';
import { aheadRange, likelyRange, nextRange, placeAt, type Place } from './segments';

/** A wish to see one moment. */
export interface Target {
  /** Grows with each wish; an answer with an old number is out of date. */
  number: number;
  timeUs: number;
  /** A seek may give up what is underway; going on takes its turn; a step shows the frame after. */
  kind: 'seek' | 'go-on' | 'step';
  /** How fast playback goes, to read ahead accordingly; 0 when it stands. */
  speed: number;
}

/** What became of a wish. */
export type Outcome =
  | { kind: 'shown'; frameUs: number }
  | { kind: 'missing'; reason: string | undefined; nextUs: number | undefined }
  | { kind: 'failed'; message: string };

/** What a stream needs from around it. */
export interface StreamHost {
  store: ByteStore;
  createDecoder(): SegmentDecoder;
  /** Puts the decoder's picture where it can be seen. */
  draw(decoder: SegmentDecoder): void;
  /** Answers a wish; no outcome means that the picture which is there stands. */
  report(target: Target, outcome: Outcome | undefined): void;
}

/**
 * The pictures of one display: shows the moment that was asked for last.
 *
 * Wishes are not queued. One is worked on at a time, and when it is done only the newest of those
 * that came meanwhile is looked at. A seek that came long enough ago to be worth it ends the work
 * on the one before; a quick row of seeks, as when a slider is dragged, therefore still shows
 * pictures on the way.
 */
export class DisplayStream {
  readonly #host: StreamHost;
  #segments: readonly Segment[] = [];
  #wanted: Target | undefined;
  #working = false;
  #workingSince = 0;
  #abort = new AbortController();
  #ahead = new AbortController();
  #decoder: SegmentDecoder | undefined;
  #current: Current | undefined;
  /** The place that could not be shown: going on does not try it again and again, a seek does. */
  #failedAt: string | undefined;
  #disposed = false;

  constructor(host: StreamHost) {
    this.#host = host;
  }

  /** Sets what is recorded of the display, in order of time. */
  setSegments(segments: readonly Segment[]): void {
    this.#segments = segments;
  }

  /** Shows the picture of a moment; `nowMs` is any clock that does not jump. */
  show(target: Target, nowMs: number): void {
    if (this.#wanted !== undefined && this.#wanted.kind !== 'go-on' && target.kind === 'go-on') {
      this.#wanted = { ...this.#wanted, number: target.number, timeUs: target.timeUs };
    } else {
      this.#wanted = target;
    }
    if (target.kind !== 'go-on' && nowMs - this.#workingSince > PATIENCE_MS) this.#abort.abort();
    if (!this.#working) void this.#work(nowMs);
  }

  dispose(): void {
    this.#disposed = true;
    this.#wanted = undefined;
    this.#abort.abort();
    this.#ahead.abort();
    this.#decoder?.dispose();
    this.#decoder = undefined;
  }

  async #work(nowMs: number): Promise<void> {
    this.#working = true;
    this.#workingSince = nowMs;
    while (this.#wanted !== undefined) {
      const target = this.#wanted;
      this.#wanted = undefined;
      this.#abort = new AbortController();
      try {
        const outcome = await this.#showOne(target, this.#abort.signal);
        if (this.#disposed) return;
        this.#host.report(target, outcome);
      } catch (error) {
        if (this.#disposed) return;
        if (!this.#abort.signal.aborted) {
          this.#current = undefined;
          this.#failedAt = placeName(placeAt(this.#segments, target.timeUs));
          this.#host.report(target, { kind: 'failed', message: describe(error) });
        }
      }
    }
    this.#working = false;
  }

  /** Undefined when nothing changed since the last picture. */
  async #showOne(target: Target, signal: AbortSignal): Promise<Outcome | undefined> {
    const place = placeAt(this.#segments, target.timeUs);
    if (place.kind === 'lost') {
      const nextUs = placeAfter(this.#segments, place.segment);
      return { kind: 'missing', reason: place.reason, nextUs };
    }
    if (place.kind === 'none') return { kind: 'missing', reason: undefined, nextUs: place.nextUs };

    if (target.kind === 'go-on' && this.#failedAt === placeName(place)) return undefined;
    this.#failedAt = undefined;
    const decoder = (this.#decoder ??= this.#host.createDecoder());
    if (!this.#reachableByGoingOn(place, target.timeUs)) {
      this.#ahead.abort();
      await this.#enter(decoder, place, target.timeUs, signal);
    }
    const current = this.#current;
    if (current === undefined) return undefined;
    current.segment = place.segment;

    const changed = await this.#decodeUntil(decoder, current, target.timeUs, signal);
    if (target.kind === 'step' && !(await this.#decodeNext(decoder, current, signal))) {
      const next = placeAfter(this.#segments, place.segment);
      if (next !== undefined)
        return this.#showOne({ ...target, kind: 'seek', timeUs: next }, signal);
    }
    if (changed || target.kind !== 'go-on') this.#host.draw(decoder);
    this.#readAhead(current, target.speed);
    if (current.frameUs === undefined) return undefined;
    return { kind: 'shown', frameUs: current.frameUs };
  }

  /** Whether decoding on from the current picture is the way to `timeUs`. */
  #reachableByGoingOn(place: Place & { kind: 'video' }, timeUs: number): boolean {
    const current = this.#current;
    if (current === undefined || current.segment.id !== place.segment.id) return false;
    if (current.frameUs === undefined) return current.keyIndex === place.keyIndex;
    if (current.frameUs > timeUs) return false;
    const key = place.segment.key_frames[place.keyIndex];
    // A key frame further on saves decoding all that lies before it.
    return key === undefined || key.time_us - current.frameUs <= WORTH_A_JUMP_US;
  }

  async #enter(
    decoder: SegmentDecoder,
    place: Place & { kind: 'video' },
    timeUs: number,
    signal: AbortSignal,
  ): Promise<void> {
    this.#current = undefined;
    const { segment, keyIndex } = place;
    const { store } = this.#host;
    const range = likelyRange(segment, keyIndex, timeUs);
    const [header, bytes] = await Promise.all([
      store.read(segment.id, { from: 0, until: Math.min(HEADER_BYTES, segment.bytes) }, signal),
      store.read(segment.id, range, signal),
    ]);
    decoder.restart(header);
    decoder.push(bytes);
    this.#current = { segment, keyIndex, fedUntil: range.until, frameUs: undefined };
  }

  /** Whether the picture changed. */
  async #decodeUntil(
    decoder: SegmentDecoder,
    current: Current,
    timeUs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    let changed = false;
    for (let steps = 1; ; steps += 1) {
      const nextUs = decoder.nextFrameUs();
      if (nextUs === undefined) {
        if (!(await this.#feed(decoder, current, signal))) return changed;
        continue;
      }
      // The first frame is shown even if it is a moment later than asked for.
      if (nextUs > timeUs && current.frameUs !== undefined) return changed;
      decoder.advance();
      current.frameUs = nextUs;
      changed = true;
      if (steps % FRAMES_BETWEEN_PAUSES === 0) {
        await messagesHandled();
        signal.throwIfAborted();
      }
    }
  }

  /** Decodes one frame more, whenever it is; false at the end of the segment. */
  async #decodeNext(
    decoder: SegmentDecoder,
    current: Current,
    signal: AbortSignal,
  ): Promise<boolean> {
    for (;;) {
      const nextUs = decoder.nextFrameUs();
      if (nextUs !== undefined) {
        decoder.advance();
        current.frameUs = nextUs;
        return true;
      }
      if (!(await this.#feed(decoder, current, signal))) return false;
    }
  }

  /** Gives the decoder more bytes; false when there are no more. */
  async #feed(decoder: SegmentDecoder, current: Current, signal: AbortSignal): Promise<boolean> {
    if (current.fedUntil >= current.segment.bytes) return false;
    const range = nextRange(current.segment, current.fedUntil);
    decoder.push(await this.#host.store.read(current.segment.id, range, signal));
    current.fedUntil = range.until;
    return true;
  }

  #readAhead(current: Current, speed: number): void {
    const range = aheadRange(current.segment, current.fedUntil, Math.max(1, speed));
    if (range.from >= range.until) return;
    if (this.#ahead.signal.aborted) this.#ahead = new AbortController();
    this.#host.store.read(current.segment.id, range, this.#ahead.signal).catch(() => {
      // Reading ahead only saves time: a real read will say what is wrong.
    });
  }
}

interface Current {
  segment: Segment;
  /** The key frame that decoding began at. */
  keyIndex: number;
  /** Offset of the first byte that the decoder has not been given. */
  fedUntil: number;
  /** Time of the current picture; undefined until the first one. */
  frameUs: number | undefined;
}

/** When the video goes on after a segment. */
function placeAfter(segments: readonly Segment[], segment: Segment): number | undefined {
  const next = segments.find(
    (other) => other.start_us > segment.start_us && other.key_frames.length > 0,
  );
  return next === undefined ? undefined : Math.max(next.start_us, next.key_frames[0]?.time_us ?? 0);
}

function placeName(place: Place): string | undefined {
  return place.kind === 'video' ? `${place.segment.id}:${place.keyIndex}` : undefined;
}

/** Lets messages in that wait for the worker, so that a newer wish is seen. */
function messagesHandled(): Promise<void> {
  return new Promise((resolve) => {
    // A timer would be held back to 4 ms.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const PATIENCE_MS = 150;
const WORTH_A_JUMP_US = 2_000_000;
const FRAMES_BETWEEN_PAUSES = 16;
