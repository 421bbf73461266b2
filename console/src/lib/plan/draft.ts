/** A plan's settings while somebody edits them: numbers as they were typed, and what is wrong. */

import type { PlanSettings } from '../api/types';

/** The values that are typed, and what is said of each. */
export const NUMBERS = {
  notify_closes_after_secs: { name: 'Closes after', min: 5, max: 3600, unit: 'seconds', scale: 1 },
  stop_after_minutes: { name: 'Stop after', min: 0, max: 10_080, unit: 'minutes', scale: 1 },
  stop_when_idle_minutes: { name: 'Stop when idle', min: 0, max: 1440, unit: 'minutes', scale: 1 },
  stop_below_free_bytes: {
    name: 'Stop below',
    min: 0,
    max: 2 ** 33,
    unit: 'MiB free',
    scale: 2 ** 20,
  },
  max_frames_per_second: { name: 'Frames a second', min: 1, max: 30, unit: 'at most', scale: 1 },
  max_cpu_percent: { name: 'CPU ceiling', min: 1, max: 100, unit: '% of one core', scale: 1 },
  idle_after_secs: { name: 'Idle after', min: 10, max: 86_400, unit: 'seconds', scale: 1 },
  max_titles_per_second: { name: 'Titles a second', min: 1, max: 100, unit: 'at most', scale: 1 },
  record_retention_days: {
    name: 'Keep activity records',
    min: 0,
    max: 36_500,
    unit: 'days',
    scale: 1,
  },
  video_retention_days: { name: 'Keep video', min: 0, max: 36_500, unit: 'days', scale: 1 },
  spool_max_bytes: { name: 'Keep at most', min: 16, max: 2 ** 33, unit: 'MiB', scale: 2 ** 20 },
  spool_min_free_bytes: { name: 'Leave free', min: 0, max: 2 ** 33, unit: 'MiB', scale: 2 ** 20 },
} as const satisfies Partial<Record<keyof PlanSettings, NumberRule>>;

/** A number between two others, shown in a unit of so many of the settings' own. */
export interface NumberRule {
  name: string;
  min: number;
  max: number;
  unit: string;
  scale: number;
}

export type NumberKey = keyof typeof NUMBERS;

export const NUMBER_KEYS = Object.keys(NUMBERS) as NumberKey[];

export type Draft = Omit<PlanSettings, NumberKey> & Record<NumberKey, string>;

/** What is wrong, by the field that it concerns, as the server names it: `users.listed`. */
export type Mistakes = Record<string, string | undefined>;

/** The draft in which nothing has been changed yet. */
export function draftOf(settings: PlanSettings): Draft {
  const draft = JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
  // INVARIANT: an integer under 2^53 divided by a power of two is written without rounding.
  for (const key of NUMBER_KEYS) draft[key] = String(settings[key] / NUMBERS[key].scale);
  return draft as Draft;
}

/** The settings that were written, as far as they are ones. */
export function readDraft(draft: Draft): { settings: PlanSettings; mistakes: Mistakes } {
  const settings: Record<string, unknown> = JSON.parse(JSON.stringify(draft)) as Draft;
  const mistakes: Mistakes = {};
  for (const key of NUMBER_KEYS) {
    const mistake = mistakeIn(draft[key], NUMBERS[key]);
    if (mistake !== undefined) mistakes[key] = mistake;
    settings[key] = Math.round(Number(draft[key]) * NUMBERS[key].scale);
  }
  for (const list of ['users', 'applications'] as const) {
    const { only_listed, listed } = draft[list];
    if (only_listed && listed.length === 0) mistakes[`${list}.listed`] = NOTHING_LISTED;
    if (draft[list].except.some(isEmpty)) mistakes[`${list}.except`] = EMPTY;
    if (only_listed && listed.some(isEmpty)) mistakes[`${list}.listed`] = EMPTY;
  }
  const letters = [...draft.notify_text.trim()].length;
  if (letters === 0) mistakes.notify_text = 'Write what users are to read.';
  else if (letters > LONGEST_MESSAGE)
    mistakes.notify_text = `Shorten it: it has ${letters.toLocaleString('en-GB')} characters, 2,000 at most.`;
  return { settings: settings as PlanSettings, mistakes };
}

/** The values of the draft that are not those of the settings. */
export function changedKeys(draft: Draft, settings: PlanSettings): (keyof PlanSettings)[] {
  const saved = draftOf(settings);
  const keys = Object.keys(saved) as (keyof PlanSettings)[];
  return keys.filter((key) => {
    const [now, before] = [draft[key], saved[key]];
    if (typeof now === 'object') return JSON.stringify(now) !== JSON.stringify(before);
    if (typeof now !== 'string' || !(key in NUMBERS)) return now !== before;
    return now.trim() === '' || Number(now) !== Number(before);
  });
}

function mistakeIn(text: string, { min, max, scale, unit }: NumberRule): string | undefined {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) return 'Enter a number.';
  if (scale === 1 && !Number.isInteger(value)) return 'Enter a whole number.';
  if (value >= min && value <= max) return undefined;
  const [least, most] = [min.toLocaleString('en-GB'), max.toLocaleString('en-GB')];
  if (scale === 1) return `Enter ${least} to ${most}.`;
  const name = unit.split(' ')[0];
  return value < min ? `Enter ${least} ${name} or more.` : `Enter ${most} ${name} or less.`;
}

function isEmpty(rule: object): boolean {
  return Object.values(rule).every((pattern) => String(pattern ?? '').trim() === '');
}

const LONGEST_MESSAGE = 2000;
const NOTHING_LISTED = 'Add one, or choose all.';
const EMPTY = 'Fill in what is empty, or remove it.';
