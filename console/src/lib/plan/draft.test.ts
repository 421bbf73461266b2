import { describe, expect, it } from 'vitest';
import { changedKeys, draftOf, readDraft } from './draft';
import { DEFAULT_SETTINGS } from './defaults';

describe('a draft', () => {
  it('that nobody changed is the settings, whatever the bytes are', () => {
    for (const bytes of [2 ** 24, 2 ** 24 + 1, 2 ** 31 + 12_345, 2 ** 53 - 1]) {
      const settings = { ...DEFAULT_SETTINGS, spool_max_bytes: bytes };
      const draft = draftOf(settings);
      expect(changedKeys(draft, settings)).toEqual([]);
      expect(readDraft(draft)).toEqual({ settings, mistakes: {} });
    }
  });

  it('shows bytes in MiB', () => {
    const draft = draftOf(DEFAULT_SETTINGS);
    expect([draft.spool_max_bytes, draft.spool_min_free_bytes]).toEqual(['2048', '1024']);
  });

  it('names what was changed, and nothing that is only written in another way', () => {
    const draft = draftOf(DEFAULT_SETTINGS);
    draft.quality = 'low';
    draft.grayscale = true;
    draft.max_cpu_percent = '12';
    draft.max_frames_per_second = ' 4 ';
    const changed = changedKeys(draft, DEFAULT_SETTINGS).sort();
    expect(changed).toEqual(['grayscale', 'max_cpu_percent', 'quality']);
    draft.idle_after_secs = '';
    expect(changedKeys(draft, DEFAULT_SETTINGS)).toContain('idle_after_secs');
    draft.idle_after_secs = 'x';
    expect(changedKeys(draft, DEFAULT_SETTINGS)).toContain('idle_after_secs');
  });

  it('has lists of its own, so that what is saved stays as it is', () => {
    const draft = draftOf(DEFAULT_SETTINGS);
    draft.users.except.push({ user: 'backup' });
    expect(changedKeys(draft, DEFAULT_SETTINGS)).toEqual(['users']);
    expect(DEFAULT_SETTINGS.users.except).toEqual([]);
    expect(readDraft(draft).settings.users.except).toEqual([{ user: 'backup' }]);
  });

  it.each([
    ['max_frames_per_second', '31', 'Enter 1 to 30.'],
    ['max_frames_per_second', '0', 'Enter 1 to 30.'],
    ['max_cpu_percent', '2.5', 'Enter a whole number.'],
    ['max_cpu_percent', '101', 'Enter 1 to 100.'],
    ['idle_after_secs', '9', 'Enter 10 to 86,400.'],
    ['max_titles_per_second', 'many', 'Enter a number.'],
    ['stop_after_minutes', '10081', 'Enter 0 to 10,080.'],
    ['spool_max_bytes', ' ', 'Enter a number.'],
    ['spool_max_bytes', '15.9', 'Enter 16 MiB or more.'],
    ['spool_max_bytes', '1e12', 'Enter 8,589,934,592 MiB or less.'],
    ['spool_min_free_bytes', '-1', 'Enter 0 MiB or more.'],
  ] as const)('with %s %j says: %s', (key, text, mistake) => {
    const draft = { ...draftOf(DEFAULT_SETTINGS), [key]: text };
    expect(readDraft(draft).mistakes).toEqual({ [key]: mistake });
  });

  it('with a message that nobody can read says so', () => {
    const draft = { ...draftOf(DEFAULT_SETTINGS), notify_text: ' \n ' };
    expect(readDraft(draft).mistakes).toEqual({ notify_text: 'Write what users are to read.' });
    draft.notify_text = 'é'.repeat(2001);
    expect(readDraft(draft).mistakes.notify_text).toContain('2,001 characters');
    draft.notify_text = 'é'.repeat(2000);
    expect(readDraft(draft).mistakes).toEqual({});
    expect(changedKeys(draft, DEFAULT_SETTINGS)).toEqual(['notify_text']);
  });

  it('with a list that lists nothing, or an empty rule, says so', () => {
    const draft = draftOf(DEFAULT_SETTINGS);
    draft.users.only_listed = true;
    draft.applications.except.push({ title: ' ', description: '' });
    expect(Object.keys(readDraft(draft).mistakes)).toEqual(['users.listed', 'applications.except']);
    draft.users.listed.push({ group: 'ops' });
    draft.applications.except = [{ title: '*bank*' }];
    expect(readDraft(draft).mistakes).toEqual({});
  });
});
