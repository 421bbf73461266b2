/** Which bytes of which segment hold the picture of a moment. */

import type { Segment } from '../api/types';

/** Where the picture of one display at one moment is. */
export type Place =
  | { kind: 'video'; segment: Segment; keyIndex: number }
  | { kind: 'lost'; segment: Segment; reason: string }
  /** Nothing was recorded; `nextUs` is when video goes on, if it does. */
  | { kind: 'none'; nextUs: number | undefined };

/** A part of a segment's bytes. */
export interface ByteRange {
  from: number;
  until: number;
}

/** The segments of one display in order of time. */
export function segmentsOfDisplay(segments: readonly Segment[], display: number): Segment[] {
  return segments
    .filter((segment) => segment.display === display)
    .sort((a, b) => a.start_us - b.start_us);
}

/** Finds the picture at `timeUs` among one display's `segments`, which are in order of time. */
export function placeAt(segments: readonly Segment[], timeUs: number): Place {
  const index = lastAtOrBefore(segments, timeUs, (segment) => segment.start_us);
  const segment = segments[index];
  const next = segments[index + 1];
  if (segment === undefined) return { kind: 'none', nextUs: next?.start_us };

  const isLast = next === undefined;
  const held = segment.state === 'growing' && isLast ? Infinity : segment.until_us + HOLD_US;
  if (timeUs > held) return { kind: 'none', nextUs: next?.start_us };
  if (segment.state === 'lost') {
    return { kind: 'lost', segment, reason: segment.lost_reason ?? 'the recording was lost' };
  }
  let keyIndex = lastAtOrBefore(segment.key_frames, timeUs, (key) => key.time_us);
  // The newest key frame of a growing segment may be known before it can be read.
  while (keyIndex > 0 && (segment.key_frames[keyIndex]?.offset ?? 0) >= segment.bytes)
    keyIndex -= 1;
  if (keyIndex >= 0) return { kind: 'video', segment, keyIndex };
  // The segment starts with a key frame, whose time may lie a moment after the segment's own.
  if (segment.key_frames.length > 0) return { kind: 'video', segment, keyIndex: 0 };
  return { kind: 'none', nextUs: next?.start_us };
}

/**
 * The bytes that most likely hold everything from a key frame to `timeUs`.
 *
 * The bytes between two key frames are taken as spread evenly over the time between them; a wrong
 * guess costs one more request, never a wrong picture.
 */
export function likelyRange(segment: Segment, keyIndex: number, timeUs: number): ByteRange {
  const key = segment.key_frames[keyIndex];
  const from = key?.offset ?? 0;
  const next = segment.key_frames[keyIndex + 1];
  const end = next?.offset ?? segment.bytes;
  const endUs = next?.time_us ?? segment.until_us;
  const startUs = key?.time_us ?? segment.start_us;
  const share =
    endUs > startUs ? Math.min(1, Math.max(0, (timeUs - startUs) / (endUs - startUs))) : 1;
  const guess = from + Math.ceil((end - from) * share) + GUESS_MARGIN_BYTES;
  return {
    from,
    until: Math.min(end, Math.max(guess, from + MIN_READ_BYTES), from + MAX_READ_BYTES),
  };
}

/** The bytes to read when those up to `from` were not enough. */
export function nextRange(segment: Segment, from: number): ByteRange {
  return { from, until: Math.min(segment.bytes, from + MIN_READ_BYTES) };
}

/** The bytes worth having before they are needed, when playing at `speed` from `from` on. */
export function aheadRange(segment: Segment, from: number, speed: number): ByteRange {
  const seconds = Math.max(1, (segment.until_us - segment.start_us) / 1e6);
  const ahead = (segment.bytes / seconds) * speed * AHEAD_SECS;
  const bytes = Math.min(MAX_AHEAD_BYTES, Math.max(MIN_READ_BYTES, Math.ceil(ahead)));
  return { from, until: Math.min(segment.bytes, from + bytes) };
}

/** Index of the last item whose time is at or before `timeUs`; -1 if there is none. */
export function lastAtOrBefore<T>(
  items: readonly T[],
  timeUs: number,
  timeOf: (item: T) => number,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timeOf(items[middle] as T) <= timeUs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** How long the last picture of a segment stands for the time after it: the turn to the next one. */
export const HOLD_US = 3_000_000;
const MIN_READ_BYTES = 128 * 1024;
const MAX_READ_BYTES = 1024 * 1024;
const GUESS_MARGIN_BYTES = 32 * 1024;
const AHEAD_SECS = 10;
const MAX_AHEAD_BYTES = 2 * 1024 * 1024;
