import { expect, it } from 'vitest';
import type { Computer } from '../api/types';
import { followersInWords, followersOf } from './followers';

function computer(status: Computer['status'], revision?: number, slowed = 0): Computer {
  return {
    agent_id: String(Math.random()),
    name: 'RDS01',
    status,
    enrolled_us: 0,
    agent_version: '0.1.0',
    operating_system: 'Debian',
    policy_revision: revision,
    sessions_slowed: slowed,
  };
}

const words = (computers: Computer[]) => followersInWords(followersOf(computers, 7));

it('counts connected agents by the revision that they say they follow', () => {
  const [current, behind, silent] = [
    computer('online', 7),
    computer('online', 6),
    computer('online'),
  ];
  expect(words([current, current, current])).toBe('3 of 3 connected agents follow it.');
  expect(words([current, behind, silent])).toBe('1 of 3 connected agents follow it.');
  expect(words([behind])).toBe('0 of 1 connected agent follows it.');
});

it('tells of computers that are not connected, but not of removed ones', () => {
  const online = computer('online', 7);
  const [away, removed] = [computer('offline'), computer('removed')];
  expect(words([online, away, away, removed])).toBe(
    '1 of 1 connected agent follows it. 2 computers are not connected.',
  );
  expect(words([away])).toBe('no agent is connected now.');
  expect(words([])).toBe('no agent is connected now.');
});

it('counts computers that record fewer frames to keep their ceiling', () => {
  const computers = [computer('online', 7, 2), computer('online', 7), computer('offline', 7, 1)];
  expect(followersOf(computers, 7).slowed).toBe(1);
});
