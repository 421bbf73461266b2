import { describe, expect, it } from 'vitest';
import type { Policy } from '../api/types';
import { changedKeys, draftOf, readDraft, refused } from './draft';

const POLICY: Policy = {
  record_screen: true,
  quality: 'high',
  grayscale: false,
  max_frames_per_second: 4,
  max_cpu_percent: 5,
  idle_after_secs: 300,
  max_titles_per_second: 4,
  spool_max_bytes: 2 ** 31,
  spool_min_free_bytes: 2 ** 30,
};

describe('a draft', () => {
  it('that nobody changed is the policy, whatever the bytes are', () => {
    for (const bytes of [2 ** 24, 2 ** 24 + 1, 2 ** 31 + 12_345, 2 ** 53 - 1]) {
      const policy = { ...POLICY, spool_max_bytes: bytes };
      const draft = draftOf(policy);
      expect(changedKeys(draft, policy)).toEqual([]);
      expect(readDraft(draft)).toEqual({ policy, mistakes: {} });
    }
  });

  it('shows bytes in MiB', () => {
    const draft = draftOf(POLICY);
    expect([draft.spool_max_bytes, draft.spool_min_free_bytes]).toEqual(['2048', '1024']);
  });

  it('names what was changed, and nothing that is only written in another way', () => {
    const draft = draftOf(POLICY);
    draft.quality = 'low';
    draft.grayscale = true;
    draft.max_cpu_percent = '12';
    draft.max_frames_per_second = ' 4 ';
    expect(changedKeys(draft, POLICY)).toEqual(['quality', 'grayscale', 'max_cpu_percent']);
    draft.idle_after_secs = '';
    expect(changedKeys(draft, POLICY)).toContain('idle_after_secs');
    draft.idle_after_secs = 'x';
    expect(changedKeys(draft, POLICY)).toContain('idle_after_secs');
  });

  it.each([
    ['max_frames_per_second', '31', 'Enter 1 to 30.'],
    ['max_frames_per_second', '0', 'Enter 1 to 30.'],
    ['max_cpu_percent', '2.5', 'Enter a whole number.'],
    ['max_cpu_percent', '101', 'Enter 1 to 100.'],
    ['idle_after_secs', '9', 'Enter 10 to 86,400.'],
    ['max_titles_per_second', 'many', 'Enter a number.'],
    ['spool_max_bytes', ' ', 'Enter a number.'],
    ['spool_max_bytes', '15.9', 'Enter 16 MiB or more.'],
    ['spool_max_bytes', '1e12', 'Enter 8,589,934,592 MiB or less.'],
    ['spool_min_free_bytes', '-1', 'Enter 0 MiB or more.'],
  ] as const)('with %s %j says: %s', (key, text, mistake) => {
    const draft = { ...draftOf(POLICY), [key]: text };
    expect(readDraft(draft).mistakes).toEqual({ [key]: mistake });
  });
});

describe('what the server refused', () => {
  it('stands beside its value, and else in words', () => {
    const problems = [
      { field: 'max_cpu_percent', message: 'is 300' },
      { field: 'colour', message: 'unknown field' },
    ];
    expect(refused(problems)).toEqual({
      mistakes: { max_cpu_percent: 'The server refused it: is 300.' },
      rest: ['colour: unknown field'],
    });
  });
});
