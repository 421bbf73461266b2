/** The policy while somebody edits it: numbers as they were typed, and what is wrong with them. */

import type { FieldProblem, Policy } from '../api/types';

/** The values that are typed, and what is said of each. */
export const NUMBERS = {
  max_frames_per_second: { name: 'Frames a second', min: 1, max: 30, unit: 'at most', scale: 1 },
  max_cpu_percent: { name: 'CPU ceiling', min: 1, max: 100, unit: '% of one core', scale: 1 },
  idle_after_secs: { name: 'Idle after', min: 10, max: 86_400, unit: 'seconds', scale: 1 },
  max_titles_per_second: { name: 'Titles a second', min: 1, max: 100, unit: 'at most', scale: 1 },
  spool_max_bytes: { name: 'Keep at most', min: 16, max: 2 ** 33, unit: 'MiB', scale: 2 ** 20 },
  spool_min_free_bytes: { name: 'Leave free', min: 0, max: 2 ** 33, unit: 'MiB', scale: 2 ** 20 },
} as const satisfies Partial<Record<keyof Policy, NumberRule>>;

/** A number between two others, shown in a unit of so many of the policy's own. */
export interface NumberRule {
  name: string;
  min: number;
  max: number;
  unit: string;
  scale: number;
}

export type NumberKey = keyof typeof NUMBERS;

export const NUMBER_KEYS = Object.keys(NUMBERS) as NumberKey[];

export type Draft = Omit<Policy, NumberKey> & Record<NumberKey, string>;

/** What is wrong, by the value that it concerns. */
export type Mistakes = Partial<Record<keyof Policy, string>>;

/** The draft in which nothing has been changed yet. */
export function draftOf(policy: Policy): Draft {
  const draft: Record<string, unknown> = { ...policy };
  // INVARIANT: an integer under 2^53 divided by a power of two is written without rounding.
  for (const key of NUMBER_KEYS) draft[key] = String(policy[key] / NUMBERS[key].scale);
  return draft as Draft;
}

/** The policy that was written, as far as it is one. */
export function readDraft(draft: Draft): { policy: Policy; mistakes: Mistakes } {
  const policy: Record<string, unknown> = { ...draft };
  const mistakes: Mistakes = {};
  for (const key of NUMBER_KEYS) {
    const mistake = mistakeIn(draft[key], NUMBERS[key]);
    if (mistake !== undefined) mistakes[key] = mistake;
    policy[key] = Math.round(Number(draft[key]) * NUMBERS[key].scale);
  }
  return { policy: policy as Policy, mistakes };
}

/** The values of the draft that are not those of the policy. */
export function changedKeys(draft: Draft, policy: Policy): (keyof Policy)[] {
  const saved = draftOf(policy);
  const keys = Object.keys(saved) as (keyof Policy)[];
  return keys.filter((key) => {
    const [now, before] = [draft[key], saved[key]];
    if (typeof now !== 'string' || !(key in NUMBERS)) return now !== before;
    return now.trim() === '' || Number(now) !== Number(before);
  });
}

/** What the server found wrong, beside the values where it can stand, and the rest in words. */
export function refused(problems: readonly FieldProblem[]): { mistakes: Mistakes; rest: string[] } {
  const mistakes: Mistakes = {};
  const rest: string[] = [];
  for (const { field, message } of problems) {
    if (field in NUMBERS) mistakes[field as NumberKey] ??= `The server refused it: ${message}.`;
    else rest.push(field === '' ? message : `${field}: ${message}`);
  }
  return { mistakes, rest };
}

function mistakeIn(text: string, { min, max, scale, unit }: NumberRule): string | undefined {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) return 'Enter a number.';
  if (scale === 1 && !Number.isInteger(value)) return 'Enter a whole number.';
  if (value >= min && value <= max) return undefined;
  const [least, most] = [min.toLocaleString('en-GB'), max.toLocaleString('en-GB')];
  if (scale === 1) return `Enter ${least} to ${most}.`;
  return value < min ? `Enter ${least} ${unit} or more.` : `Enter ${most} ${unit} or less.`;
}
