import { describe, expect, test } from 'vitest';
import type { Campaign } from '../api/types';
import { campaignState, campaignTitle, computerState, isOpen } from './campaigns';

function campaign(more: Partial<Campaign> = {}): Campaign {
  return {
    id: '1',
    kind: 'upgrade',
    version: '0.2.0',
    asked_by: 'anna',
    created_us: 0,
    within_secs: 900,
    state: 'running',
    stage: 2,
    computers: [
      { agent_id: 'a', name: 'web-1', stage: 1, state: 'good' },
      { agent_id: 'b', name: 'web-2', stage: 2, state: 'under_way' },
    ],
    ...more,
  };
}

describe('what is done in stages', () => {
  test('is told with its stage and how many are done', () => {
    expect(campaignTitle(campaign())).toBe('Upgrade to 0.2.0, 2 computers');
    expect(campaignState(campaign())).toBe('stage 2: some computers, 1 of 2 done');
    expect(campaignState(campaign({ state: 'done', stage: undefined }))).toBe('done, 1 of 2 done');
  });

  test('can be cancelled while it is stopped, and says why it is', () => {
    const stopped = campaign({ state: 'stopped', why: 'web-2: the disk is full' });
    expect(campaignState(stopped)).toBe('stopped in stage 2, 1 of 2 done');
    expect([isOpen(stopped), isOpen(campaign({ state: 'cancelled' }))]).toEqual([true, false]);
    expect(
      computerState({ agent_id: 'b', name: 'web-2', stage: 2, state: 'failed', why: 'full' }),
    ).toBe('failed: full');
  });
});
