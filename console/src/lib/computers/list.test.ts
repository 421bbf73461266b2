import { describe, expect, test } from 'vitest';
import type { Computer } from '../api/types';
import { EVERYTHING, listed, type Wanted } from './list';

function computer(name: string, more: Partial<Computer> = {}): Computer {
  return {
    agent_id: name,
    name,
    status: 'idle',
    is_connected: true,
    enrolled_us: 0,
    agent_version: '0.1.0',
    operating_system: 'Debian 12',
    concerns: [],
    ...more,
  };
}

const clock = { kind: 'clock', severity: 'warning', title: 'Clock off' } as const;

const all = [
  computer('ws-3', { status: 'recording', cpu_percent: 4, address: '10.0.0.3' }),
  computer('WS-1', { status: 'not_responding', plan: plan('b', 'Lab') }),
  computer('ws-2', { cpu_percent: 1, concerns: [clock], plan: plan('a', 'Office') }),
];

function plan(id: string, name: string): NonNullable<Computer['plan']> {
  return { id, name, settings_revision: 1, is_applied: true };
}

function names(wanted: Partial<Wanted>): string[] {
  return listed(all, { ...EVERYTHING, ...wanted }).map(({ name }) => name);
}

describe('the list of computers', () => {
  test('is by name, whatever the case', () => {
    expect(names({})).toEqual(['WS-1', 'ws-2', 'ws-3']);
    expect(names({ descending: true })).toEqual(['ws-3', 'ws-2', 'WS-1']);
  });

  test('is filtered by status, plan and text', () => {
    expect(names({ status: 'not_responding' })).toEqual(['WS-1']);
    expect(names({ status: 'attention' })).toEqual(['ws-2']);
    expect(names({ plan: 'b' })).toEqual(['WS-1']);
    expect(names({ text: ' 10.0.0.3' })).toEqual(['ws-3']);
    expect(names({ text: 'WS', plan: 'a', status: 'recording' })).toEqual([]);
  });

  test('what is not known comes last in both directions', () => {
    expect(names({ sort: 'cpu' })).toEqual(['ws-2', 'ws-3', 'WS-1']);
    expect(names({ sort: 'cpu', descending: true })).toEqual(['ws-3', 'ws-2', 'WS-1']);
  });

  test('by status those come first that somebody should look at', () => {
    expect(names({ sort: 'status' })).toEqual(['ws-2', 'WS-1', 'ws-3']);
  });

  test('ten thousand computers are listed within one frame or two', () => {
    const many = Array.from({ length: 10_000 }, (_, n) =>
      computer(`ws-${(n * 7919) % 10_000}`, { cpu_percent: n % 97 }),
    );
    const start = performance.now();
    const found = listed(many, { ...EVERYTHING, sort: 'cpu', text: 'ws' });
    expect(found).toHaveLength(10_000);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
