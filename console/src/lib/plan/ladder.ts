/** The steps between file size and quality, in words. */

import type { Quality } from '../api/types';

export interface Step {
  quality: Quality;
  name: string;
  /** What it does, and what that costs. */
  sentence: string;
  /** How large film becomes beside the other steps, from 4 (largest) to 1. */
  size: 1 | 2 | 3 | 4;
}

/** What settings that say nothing of quality mean. */
export const DEFAULT_QUALITY: Quality = 'high';

/** From the largest files to the smallest. */
export const LADDER: readonly Step[] = [
  {
    quality: 'lossless',
    name: 'Lossless',
    sentence:
      'Nothing is lost: every frame comes back pixel by pixel, film too. An hour of film in a small window takes about 4 GB.',
    size: 4,
  },
  {
    quality: 'high',
    name: 'High',
    sentence:
      'Text, lines and areas are exact. Film is recognisable while it moves, and exact once it stands still for a second. An hour of film takes about 33 MB.',
    size: 3,
  },
  {
    quality: 'medium',
    name: 'Medium',
    sentence:
      'As high, with less detail in film, which becomes exact only after half a minute. An hour of film takes about 24 MB.',
    size: 2,
  },
  {
    quality: 'low',
    name: 'Low',
    sentence:
      'Film and photographs that moved are coarse and stay so, even when they stand still. An hour of film takes about 17 MB.',
    size: 1,
  },
];
