import { describe, expect, it } from 'vitest';
import type { ActivityRecord, Segment, SessionDetail } from '../api/types';
import { gapsOf, stretchAt, stretchesOf } from './stretches';

const SECOND = 1_000_000;

function activated(secs: number, application: string, title = application): ActivityRecord {
  return {
    id: String(secs),
    session_id: 's',
    when_us: secs * SECOND,
    who: 'ada',
    action: 'Activated',
    object_type: 'Window',
    what: title,
    where: 'desk',
    details: [],
    application: { path: `/usr/bin/${application}`, description: application },
    coalesced: 0,
  };
}

function sessionRecord(secs: number, what: string, action: string): ActivityRecord {
  return { ...activated(secs, what), object_type: 'User session', action, application: undefined };
}

describe('stretches', () => {
  it('last from one activation to the next', () => {
    const stretches = stretchesOf([activated(0, 'a'), activated(10, 'b')], 30 * SECOND);
    expect(stretches).toMatchObject([
      { application: 'a', from_us: 0, until_us: 10 * SECOND },
      { application: 'b', from_us: 10 * SECOND, until_us: 30 * SECOND },
    ]);
  });

  it('do not go on while the session is locked, and come back with it', () => {
    const stretches = stretchesOf(
      [
        activated(0, 'a'),
        sessionRecord(10, 'Lock', 'Session end'),
        activated(20, 'b'),
        sessionRecord(25, 'Sign-out', 'Session end'),
      ],
      30 * SECOND,
    );
    expect(stretches.map(({ from_us, until_us }) => [from_us / SECOND, until_us / SECOND])).toEqual(
      [
        [0, 10],
        [20, 25],
      ],
    );
    expect(stretchAt(stretches, 15 * SECOND)).toBeUndefined();
    expect(stretchAt(stretches, 22 * SECOND)?.application).toBe('b');
  });

  it('name the application by its file when it has no description', () => {
    const record = {
      ...activated(0, 'x'),
      application: { path: 'C:\\Tools\\x.exe', description: '' },
    };
    expect(stretchesOf([record], SECOND)[0]?.application).toBe('x.exe');
  });
});

describe('gaps', () => {
  const segment = (from: number, until: number, over: Partial<Segment> = {}): Segment => ({
    id: String(from),
    display: 0,
    start_us: from * SECOND,
    until_us: until * SECOND,
    width: 1,
    height: 1,
    left: 0,
    top: 0,
    bytes: 1,
    state: 'sealed',
    key_frames: [],
    ...over,
  });
  const detail = (segments: Segment[]) => ({ start_us: 0, segments }) as unknown as SessionDetail;

  it('are where no display has video', () => {
    const gaps = gapsOf(detail([segment(0, 10), segment(50, 60, { display: 1 })]), 60 * SECOND);
    expect(gaps).toMatchObject([{ from_us: 10 * SECOND, until_us: 50 * SECOND }]);
  });

  it('are not made by the turn from one segment to the next', () => {
    expect(gapsOf(detail([segment(0, 10), segment(11, 20)]), 20 * SECOND)).toEqual([]);
  });

  it('say why', () => {
    const lost = segment(10, 50, { state: 'lost', lost_reason: 'the disk was full' });
    expect(gapsOf(detail([segment(0, 10), lost]), 50 * SECOND)[0]?.reason).toContain(
      'disk was full',
    );
    expect(gapsOf(detail([]), 50 * SECOND)[0]?.reason).toContain('only activity');
  });

  it('do not include what a running session still records', () => {
    expect(gapsOf(detail([segment(0, 10, { state: 'growing' })]), 99 * SECOND)).toEqual([]);
  });
});
