import { describe, expect, test } from 'vitest';
import type { DeploymentJob } from '../api/types';
import { computersIn, isOver, nameOf, stateInWords } from './jobs';

const job: DeploymentJob = {
  id: '1',
  computer: 'web-1',
  port: 22,
  account: 'Office',
  action: 'install',
  asked_by: 'anna',
  created_us: 0,
  state: 'running',
  attempts: 1,
  steps: [{ at_us: 0, text: 'copying the package', percent: 40 }],
};

describe('a job', () => {
  test('says the step that it is at, and how much of it is done', () => {
    expect(stateInWords(job)).toBe('copying the package, 40 %');
    expect(stateInWords({ ...job, steps: [] })).toBe('beginning');
    expect(stateInWords({ ...job, state: 'retrying' })).toBe('failed 1 time, is tried again');
    expect(stateInWords({ ...job, state: 'done', action: 'purge' })).toBe('removed');
  });

  test('is named with the port of its computer only where that is not the usual one', () => {
    expect(nameOf(job)).toBe('web-1');
    expect(nameOf({ ...job, port: 2222 })).toBe('web-1:2222');
    expect(nameOf({ ...job, system: 'windows', port: 445 })).toBe('web-1');
    expect(nameOf({ ...job, port: undefined })).toBe('web-1');
  });

  test('is over when nothing more happens', () => {
    expect(isOver(job)).toBe(false);
    expect(isOver({ ...job, state: 'retrying' })).toBe(false);
    expect(isOver({ ...job, state: 'failed' })).toBe(true);
  });
});

test('computers are read from any list, each once', () => {
  expect(computersIn(' web-1, web-2\n10.0.0.7;WEB-1 ')).toEqual(['web-1', 'web-2', '10.0.0.7']);
  expect(computersIn(' ')).toEqual([]);
});
