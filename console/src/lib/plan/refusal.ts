/** What the server found wrong with a plan, beside the fields where it can stand. */

import { ApiError } from '../api/problem';
import { NUMBERS, type Mistakes } from './draft';

/** The fields beside which something can be said, without those of items. */
const SHOWN = [
  ...Object.keys(NUMBERS),
  'name',
  'description',
  'items',
  'users.listed',
  'users.except',
  'applications.listed',
  'applications.except',
];

/** Mistakes by field, and the rest in words; `undefined` if the server did not say. */
export function refusalOf(error: unknown): { mistakes: Mistakes; rest: string[] } | undefined {
  const problems = error instanceof ApiError ? error.problem?.errors : undefined;
  if (problems === undefined || problems.length === 0) return undefined;
  const mistakes: Mistakes = {};
  const rest: string[] = [];
  for (const { field, message } of problems) {
    const key = field.replace(/^plan\./, '').replace(/^settings\./, '');
    const item = /^items\[\d+\]/.exec(key)?.[0];
    const words = `The server refused it: ${message}.`;
    if (item !== undefined) mistakes[item] ??= words;
    else if (SHOWN.includes(key)) mistakes[key] ??= words;
    else rest.push(key === '' ? message : `${key}: ${message}`);
  }
  return { mistakes, rest };
}
