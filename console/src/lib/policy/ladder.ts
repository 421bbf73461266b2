/** The steps between file size and quality, in words. */

import type { Quality } from '../api/types';

export interface Step {
  quality: Quality;
  name: string;
  /** What it does, and what that costs. */
  sentence: string;
  /** How large film and pictures become beside the other steps, from 5 (largest) to 1. */
  size: 1 | 2 | 3 | 4 | 5;
}

/** From the largest files to the smallest. */
export const LADDER: readonly Step[] = [
  {
    quality: 'exact',
    name: 'Exact',
    sentence:
      'Every pixel of every frame, film too, whatever it takes. The largest files wherever film plays.',
    size: 5,
  },
  {
    quality: 'lossless',
    name: 'Lossless',
    sentence:
      'Everything exactly, except film: while it moves it is recognisable, once it stands still it is exact. Small files for office work, bounded ones for film.',
    size: 4,
  },
  {
    quality: 'high',
    name: 'High',
    sentence:
      'As lossless, with less detail in film and pictures while they move. Smaller where there are any.',
    size: 3,
  },
  {
    quality: 'medium',
    name: 'Medium',
    sentence: 'Film and pictures are visibly coarse while they move. Smaller again.',
    size: 2,
  },
  {
    quality: 'low',
    name: 'Low',
    sentence:
      'Film and pictures are coarse and stay so, even when they stand still. The smallest files.',
    size: 1,
  },
];
