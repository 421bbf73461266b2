import { describe, expect, it } from 'vitest';
import type { ActivityRecord, Segment, SessionDetail } from '../api/types';
import {
  isRunning,
  knownUntilUs,
  withActivities,
  withChange,
  withIdle,
  withSegment,
} from './session-model';

function record(id: string, whenUs: number): ActivityRecord {
  return {
    id,
    session_id: 'session',
    when_us: whenUs,
    who: 'ada',
    action: 'Activated',
    object_type: 'Window',
    what: 'a window',
    where: 'desk',
    details: [],
    coalesced: 0,
  };
}

function segment(id: string, bytes: number, state: Segment['state'] = 'growing'): Segment {
  return {
    id,
    display: 0,
    start_us: 0,
    until_us: bytes,
    width: 1,
    height: 1,
    left: 0,
    top: 0,
    bytes,
    state,
    key_frames: [],
  };
}

const detail: SessionDetail = {
  id: 'session',
  who: 'ada',
  where: 'desk',
  remote: false,
  display_name: ':0',
  start_us: 0,
  last_known_us: 50,
  active_us: 0,
  idle_us: 0,
  applications: [],
  activities: 0,
  segment_bytes: 0,
  has_video: true,
  displays: [],
  segments: [segment('a', 100)],
  idle: [],
  events: [],
};

describe('a running session', () => {
  it('takes each activity once however often it is sent', () => {
    const known = [record('1', 10), record('2', 20)];
    const merged = withActivities(known, [record('2', 20), record('3', 30)]);
    expect(merged.map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('puts an activity that comes late where it belongs', () => {
    const merged = withActivities([record('1', 10), record('3', 30)], [record('2', 20)]);
    expect(merged.map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('replaces a segment that grew, and adds one that is new', () => {
    const grown = withSegment([segment('a', 100)], segment('a', 200));
    expect(grown).toEqual([segment('a', 200)]);
    expect(withSegment(grown, segment('b', 10))).toHaveLength(2);
  });

  it('never loses bytes to news that come out of order', () => {
    expect(withSegment([segment('a', 200)], segment('a', 100))[0]?.bytes).toBe(200);
    expect(withSegment([segment('a', 200)], segment('a', 150, 'sealed'))[0]?.state).toBe('sealed');
  });

  it('joins idle stretches that touch', () => {
    const idle = withIdle([{ from_us: 0, until_us: 10 }], { from_us: 10, until_us: 20 });
    expect(idle).toEqual([{ from_us: 0, until_us: 20 }]);
    expect(withIdle(idle, { from_us: 30, until_us: 40 })).toHaveLength(2);
  });

  it('is known as far as its newest segment', () => {
    expect(knownUntilUs(detail)).toBe(100);
  });

  it('ends when it is said to have ended, and keeps its details', () => {
    const { segments: _, displays: __, idle: ___, events: ____, ...summary } = detail;
    const model = withChange(
      { detail, activities: [] },
      { kind: 'session', summary: { ...summary, end_us: 90 } },
    );
    expect(isRunning(model.detail)).toBe(false);
    expect(knownUntilUs(model.detail)).toBe(90);
    expect(model.detail.segments).toHaveLength(1);
  });
});
