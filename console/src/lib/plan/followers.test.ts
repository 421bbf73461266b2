import { expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from './defaults';
import { settingsInWords, stateInWords } from './followers';

it('says how far the computers follow', () => {
  const words = (computers: number, connected: number, applied: number) =>
    stateInWords({ computers, connected, applied, with_unmet: 0, with_gaps: 0 });
  expect(words(0, 0, 0)).toBe('No computer belongs to it.');
  expect(words(2, 0, 0)).toBe('2 computers, none connected now.');
  expect(words(1, 1, 0)).toBe('In force on 0 of 1 connected computer.');
  expect(words(5, 3, 2)).toBe('In force on 2 of 3 connected computers. 2 are not connected.');
});

it('says what a plan records', () => {
  expect(settingsInWords(DEFAULT_SETTINGS)).toBe('Screen, high quality · kept 7 days');
  expect(settingsInWords({ ...DEFAULT_SETTINGS, monitor: false })).toBe('Monitoring is off');
  const users = { only_listed: true, listed: [{ user: 'a' }], except: [] };
  expect(settingsInWords({ ...DEFAULT_SETTINGS, record_screen: false, users })).toBe(
    'Activity records only · listed users only',
  );
});
