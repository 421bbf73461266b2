/** What is done in stages, in words. */

import type { Campaign } from '../api/types';

const KINDS: Record<string, string> = {
  upgrade: 'Upgrade',
  remove: 'Removal',
  purge: 'Removal with what was recorded',
};

const STAGES = ['the first computer', 'some computers', 'all other computers'];

/** What it does, and on how many computers. */
export function campaignTitle({ kind, version, computers }: Campaign): string {
  const count = computers.length === 1 ? '1 computer' : `${computers.length} computers`;
  const to = version === undefined ? '' : ` to ${version}`;
  return `${KINDS[kind] ?? kind}${to}, ${count}`;
}

/** How far it is. */
export function campaignState(campaign: Campaign): string {
  const good = campaign.computers.filter(({ state }) => state === 'good').length;
  const of = `${good} of ${campaign.computers.length} done`;
  switch (campaign.state) {
    case 'running':
      return `stage ${campaign.stage ?? 3}: ${STAGES[(campaign.stage ?? 3) - 1]}, ${of}`;
    case 'stopped':
      return `stopped in stage ${campaign.stage ?? 3}, ${of}`;
    default:
      return `${campaign.state}, ${of}`;
  }
}

/** Whether somebody may still cancel it. */
export function isOpen({ state }: Campaign): boolean {
  return state === 'running' || state === 'stopped';
}

const COMPUTER_STATES: Record<string, string> = {
  waiting: 'waits',
  under_way: 'under way',
  good: 'done',
  failed: 'failed',
  left_out: 'left out',
};

/** How far one of its computers is. */
export function computerState({ state, why }: Campaign['computers'][number]): string {
  const word = COMPUTER_STATES[state] ?? state;
  return why === undefined ? word : `${word}: ${why}`;
}
