import type {
  ActivityRecord,
  Segment,
  SessionDetail,
  SessionSummary,
  TimeRange,
} from '../api/types';

/** A change that a running session reports. */
export type LiveChange =
  | { kind: 'session'; summary: SessionSummary }
  | { kind: 'segment'; segment: Segment }
  | { kind: 'activities'; records: ActivityRecord[] }
  | { kind: 'idle'; range: TimeRange };

/**
 * All that is known of one session, and how it changes while the session runs.
 *
 * Values are replaced, never changed in place, so that whoever holds one can compare.
 */
export interface SessionModel {
  detail: SessionDetail;
  /** Oldest first. */
  activities: ActivityRecord[];
}

/** The session with one change more; a change that is known already makes no difference. */
export function withChange(model: SessionModel, change: LiveChange): SessionModel {
  const { detail, activities } = model;
  switch (change.kind) {
    case 'session':
      return { activities, detail: { ...detail, ...change.summary } };
    case 'segment':
      return {
        activities,
        detail: { ...detail, segments: withSegment(detail.segments, change.segment) },
      };
    case 'activities':
      return { detail, activities: withActivities(activities, change.records) };
    case 'idle':
      return { activities, detail: { ...detail, idle: withIdle(detail.idle, change.range) } };
  }
}

/** Adds records that may overlap with those that are there. */
export function withActivities(
  known: ActivityRecord[],
  added: readonly ActivityRecord[],
): ActivityRecord[] {
  const byId = new Map(known.map((record) => [record.id, record]));
  let reordered = false;
  let lastUs = known.at(-1)?.when_us ?? -Infinity;
  for (const record of added) {
    if (!byId.has(record.id) && record.when_us < lastUs) reordered = true;
    byId.set(record.id, record);
    lastUs = Math.max(lastUs, record.when_us);
  }
  const merged = [...byId.values()];
  return reordered ? merged.sort((a, b) => a.when_us - b.when_us) : merged;
}

/** Puts a segment in the place of what was known of it; what was readable once stays readable. */
export function withSegment(known: readonly Segment[], segment: Segment): Segment[] {
  const before = known.find(({ id }) => id === segment.id);
  if (before === undefined) return [...known, segment];
  const isOlder = segment.state === 'growing' && segment.bytes < before.bytes;
  if (isOlder) return [...known];
  return known.map((other) => (other.id === segment.id ? segment : other));
}

/** Adds an idle stretch; one that touches another is one with it. */
export function withIdle(known: readonly TimeRange[], added: TimeRange): TimeRange[] {
  let { from_us, until_us } = added;
  const apart = known.filter((other) => {
    const touches = other.from_us <= until_us && from_us <= other.until_us;
    if (touches) {
      from_us = Math.min(from_us, other.from_us);
      until_us = Math.max(until_us, other.until_us);
    }
    return !touches;
  });
  return [...apart, { from_us, until_us }].sort((a, b) => a.from_us - b.from_us);
}

/** Whether the session still runs. */
export function isRunning(summary: SessionSummary): boolean {
  return summary.end_us === undefined;
}

/** Up to when anything of the session is known. */
export function knownUntilUs(detail: SessionDetail): number {
  if (detail.end_us !== undefined) return detail.end_us;
  return detail.segments.reduce(
    (latest, segment) => Math.max(latest, segment.until_us),
    Math.max(detail.start_us, detail.last_known_us),
  );
}
