/** What is to be warned of at the computers of a plan. */

import type { Plan } from '../api/types';
import { counted } from './followers';

export interface PlanWarning {
  words: string;
  /** Where it can be looked at. */
  path: string;
}

export function warningsOf({ id, state }: Pick<Plan, 'id' | 'state'>): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  if (state.with_unmet > 0) {
    warnings.push({
      words: `Prerequisites are unmet on ${counted(state.with_unmet, 'computer')}`,
      path: `/computers?plan=${id}&status=attention`,
    });
  }
  if (state.with_gaps > 0) {
    warnings.push({
      words: `Recordings of ${counted(state.with_gaps, 'computer')} had gaps in the last 7 days`,
      path: '/health?kind=gap&span=week',
    });
  }
  return warnings;
}
