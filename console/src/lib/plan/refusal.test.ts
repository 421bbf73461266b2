import { expect, it } from 'vitest';
import { ApiError } from '../api/problem';
import { refusalOf } from './refusal';

function refused(errors: { field: string; message: string }[]): ApiError {
  const problem = { type: 'about:blank', title: '', status: 422, detail: '', errors };
  return new ApiError('bad-request', 'no', 422, problem);
}

it('what the server refused stands beside its field, and else in words', () => {
  const error = refused([
    { field: 'settings.max_cpu_percent', message: 'is 300' },
    { field: 'plan.items[2].computer', message: 'is no name' },
    { field: 'plan.name', message: 'is taken' },
    { field: 'settings.colour', message: 'unknown field' },
  ]);
  expect(refusalOf(error)).toEqual({
    mistakes: {
      max_cpu_percent: 'The server refused it: is 300.',
      'items[2]': 'The server refused it: is no name.',
      name: 'The server refused it: is taken.',
    },
    rest: ['colour: unknown field'],
  });
});

it('a failure without fields is none of theirs', () => {
  expect(refusalOf(new ApiError('unavailable', 'down', 503))).toBeUndefined();
  expect(refusalOf(new Error('x'))).toBeUndefined();
});
