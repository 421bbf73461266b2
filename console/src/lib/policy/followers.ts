/** Which computers follow the policy. */

import type { Computer } from '../api/types';

export interface Followers {
  connected: number;
  following: number;
  /** Enrolled, but not connected now. */
  away: number;
  /** Connected computers that record fewer frames than the policy allows. */
  slowed: number;
}

export function followersOf(computers: readonly Computer[], revision: number): Followers {
  const connected = computers.filter(({ status }) => status === 'online');
  return {
    connected: connected.length,
    following: connected.filter(({ policy_revision }) => policy_revision === revision).length,
    away: computers.filter(({ status }) => status === 'offline').length,
    slowed: connected.filter(({ sessions_slowed }) => (sessions_slowed ?? 0) > 0).length,
  };
}

/** `2 of 3 connected agents follow it. 1 computer is not connected.` */
export function followersInWords({ connected, following, away }: Followers): string {
  const agents = connected === 1 ? 'agent follows' : 'agents follow';
  const now =
    connected === 0
      ? 'no agent is connected now.'
      : `${following} of ${connected} connected ${agents} it.`;
  if (connected === 0 || away === 0) return now;
  return `${now} ${away} ${away === 1 ? 'computer is' : 'computers are'} not connected.`;
}
