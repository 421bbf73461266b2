import { expect, it } from 'vitest';
import type { Plan } from '../api/types';
import { DEFAULT_SETTINGS } from './defaults';
import { documentOf, excludeText, itemInWords, readExclude } from './items';

it('what is to be excluded is read as it is written', () => {
  const ranges = [
    { from: '10.0.0.1', to: '10.0.0.1' },
    { from: '10.0.0.20', to: '10.0.0.29' },
  ];
  expect(excludeText(ranges)).toBe('10.0.0.1, 10.0.0.20-10.0.0.29');
  expect(readExclude(excludeText(ranges))).toEqual(ranges);
  expect(readExclude(' 10.0.0.1 ,, 10.0.0.20 – 10.0.0.29 ')).toEqual(ranges);
  expect(readExclude('')).toEqual([]);
});

it('an item says in words what it means', () => {
  expect(itemInWords({ kind: 'computer', computer: 'RDS01' })).toBe('RDS01');
  const exclude = [{ from: '10.0.0.2', to: '10.0.0.2' }];
  expect(itemInWords({ kind: 'ip_range', from: '10.0.0.1', to: '10.0.0.9', exclude })).toBe(
    '10.0.0.1 – 10.0.0.9 without 10.0.0.2',
  );
});

it('a plan is stored without what the server adds to it', () => {
  const plan: Plan = {
    id: 'a',
    revision: 3,
    settings_revision: 2,
    is_default: false,
    name: 'A',
    description: '',
    items: [
      { kind: 'computer', computer: 'RDS01', computers: 1 },
      { kind: 'ip_range', from: '10.0.0.1', to: '10.0.0.9', computers: 4 },
    ],
    settings: DEFAULT_SETTINGS,
    state: { computers: 5, connected: 4, applied: 4, with_unmet: 0, with_gaps: 0 },
  };
  expect(documentOf(plan)).toEqual({
    name: 'A',
    description: '',
    items: [
      { kind: 'computer', computer: 'RDS01' },
      { kind: 'ip_range', from: '10.0.0.1', to: '10.0.0.9', exclude: [] },
    ],
    settings: DEFAULT_SETTINGS,
  });
});
