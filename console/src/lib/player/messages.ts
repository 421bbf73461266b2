/** What the page and the player's worker say to each other. */

import type { Segment } from '../api/types';
import type { Outcome, Target } from './display-stream';

export type ToWorker =
  /** From now on the display is drawn on this canvas, which is `width` by `height` device pixels. */
  | { kind: 'attach'; display: number; canvas: OffscreenCanvas; width: number; height: number }
  | { kind: 'detach'; display: number }
  | { kind: 'resize'; display: number; width: number; height: number }
  /** All segments of the session, as they are now. */
  | { kind: 'segments'; segments: Segment[] }
  | { kind: 'show'; display: number; target: Target };

export type FromWorker =
  /** The answer to each `show` that was not overtaken by a newer one. */
  | { kind: 'done'; display: number; target: Target; outcome: Outcome | undefined }
  /** No picture can be decoded at all. */
  | { kind: 'broken'; message: string };
