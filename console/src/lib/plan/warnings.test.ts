import { expect, it } from 'vitest';
import { warningsOf } from './warnings';

const state = { computers: 3, connected: 2, applied: 2, with_unmet: 0, with_gaps: 0 };

it('warns of nothing where there is nothing', () => {
  expect(warningsOf({ id: 'p', state })).toEqual([]);
});

it('warns of unmet prerequisites and of gaps, and says where to look', () => {
  expect(warningsOf({ id: 'p', state: { ...state, with_unmet: 1, with_gaps: 2 } })).toEqual([
    {
      words: 'Prerequisites are unmet on 1 computer',
      path: '/computers?plan=p&status=attention',
    },
    {
      words: 'Recordings of 2 computers had gaps in the last 7 days',
      path: '/health?kind=gap&span=week',
    },
  ]);
});
