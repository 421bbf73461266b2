/** What a session's time was spent on, drawn from its activity records. */

import type { ActivityRecord, Segment, SessionDetail, TimeRange } from '../api/types';
import { HOLD_US, lastAtOrBefore } from '../player/segments';

/** A stretch of time with one application in front. */
export interface Stretch extends TimeRange {
  application: string;
  title: string;
}

/** The name that an application goes by in lists, legends and colours. */
export function applicationName(record: ActivityRecord): string | undefined {
  const { application } = record;
  if (!application) return undefined;
  if (application.description !== '') return application.description;
  return application.path.split(/[/\\]/).at(-1) || undefined;
}

/** The stretches between activations; nothing is in front while the session is locked or gone. */
export function stretchesOf(activities: readonly ActivityRecord[], endUs: number): Stretch[] {
  const stretches: Stretch[] = [];
  let front: { application: string; title: string } | undefined;
  let sinceUs = 0;
  const close = (untilUs: number) => {
    if (front === undefined || untilUs <= sinceUs) return;
    const last = stretches.at(-1);
    if (
      last?.application === front.application &&
      last.title === front.title &&
      last.until_us === sinceUs
    ) {
      last.until_us = untilUs;
    } else {
      stretches.push({ ...front, from_us: sinceUs, until_us: untilUs });
    }
  };
  for (const record of activities) {
    const away = record.object_type === SESSION_TYPE && record.action === SESSION_END;
    const back = record.object_type === SESSION_TYPE && record.action === SESSION_START;
    const application = applicationName(record);
    if (!away && !back && application === undefined) continue;
    close(record.when_us);
    sinceUs = record.when_us;
    if (away) front = undefined;
    else if (application !== undefined) front = { application, title: record.what };
  }
  close(endUs);
  return stretches;
}

/** The application and title in front at a moment. */
export function stretchAt(stretches: readonly Stretch[], timeUs: number): Stretch | undefined {
  const stretch = stretches[lastAtOrBefore(stretches, timeUs, ({ from_us }) => from_us)];
  return stretch !== undefined && timeUs < stretch.until_us ? stretch : undefined;
}

/** A stretch without video, and why. */
export interface Gap extends TimeRange {
  reason: string;
}

/** Where no display has video. */
export function gapsOf(detail: SessionDetail, untilUs: number): Gap[] {
  const videos = detail.segments
    .filter(({ state }) => state !== 'lost')
    .sort((a, b) => a.start_us - b.start_us);
  const gaps: Gap[] = [];
  let coveredUs = detail.start_us;
  for (const segment of videos) {
    if (segment.start_us > coveredUs + HOLD_US) {
      gaps.push(gap(detail.segments, coveredUs, segment.start_us));
    }
    const isOpen = segment.state === 'growing';
    coveredUs = Math.max(coveredUs, isOpen ? untilUs : segment.until_us);
  }
  if (untilUs > coveredUs + HOLD_US) gaps.push(gap(detail.segments, coveredUs, untilUs));
  return gaps;
}

function gap(segments: readonly Segment[], from_us: number, until_us: number): Gap {
  const lost = segments.find(
    (segment) =>
      segment.state === 'lost' && segment.start_us < until_us && from_us < segment.until_us,
  );
  const reason =
    lost !== undefined
      ? `lost: ${lost.lost_reason ?? 'the reason is not known'}`
      : segments.length === 0
        ? 'only activity was recorded'
        : 'the screen was not recorded';
  return { from_us, until_us, reason };
}

const SESSION_TYPE = 'User session';
const SESSION_START = 'Session start';
const SESSION_END = 'Session end';
