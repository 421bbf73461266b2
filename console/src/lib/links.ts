import type { ActivityRecord } from './api/types';

/** The player at the moment of a record. */
export function playerUrl(record: ActivityRecord): string {
  const { session_id, when_us, moment } = record;
  return momentUrl(session_id, moment?.time_us ?? when_us, moment?.display);
}

/** The player at a moment. */
export function momentUrl(sessionId: string, timeUs: number, display: number | undefined): string {
  const query = new URLSearchParams({ t: String(Math.round(timeUs)) });
  if (display !== undefined) query.set('display', String(display));
  return `/sessions/${encodeURIComponent(sessionId)}?${query}`;
}
