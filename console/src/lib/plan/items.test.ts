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

it('a container says in words which of its computers it means', () => {
  const kind = 'directory_container';
  expect(itemInWords({ kind, directory: 'Corp' })).toBe('everything of directory Corp');
  const container = 'OU=A,DC=b';
  const exclude = ['OU=X,OU=A,DC=b', 'OU=Y,OU=A,DC=b'];
  expect(itemInWords({ kind, directory: 'Corp', container, types: ['servers'], exclude })).toBe(
    'servers in OU=A,DC=b of directory Corp without OU=X,OU=A,DC=b; OU=Y,OU=A,DC=b',
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
      { kind: 'ip_range', from: '10.0.0.1', to: '10.0.0.9', computers: 4, account: 'own' },
      {
        kind: 'directory_container',
        directory: 'Corp',
        computers: 2,
        in_directory: { found: 3, disabled: 0, nameless: 0, gone: [] },
      },
    ],
    settings: DEFAULT_SETTINGS,
    state: { computers: 5, connected: 4, applied: 4, with_unmet: 0, with_gaps: 0 },
  };
  expect(documentOf(plan)).toEqual({
    name: 'A',
    description: '',
    items: [
      { kind: 'computer', computer: 'RDS01' },
      { kind: 'ip_range', from: '10.0.0.1', to: '10.0.0.9', exclude: [], account: 'own' },
      {
        kind: 'directory_container',
        directory: 'Corp',
        container: undefined,
        types: ['domain_controllers', 'servers', 'workstations'],
        exclude: [],
      },
    ],
    settings: DEFAULT_SETTINGS,
  });
});
