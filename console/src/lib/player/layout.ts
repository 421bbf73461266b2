/** Where on the page each display's picture goes. */

import type { DisplayPlace, Segment, SessionDetail } from '../api/types';
import { lastAtOrBefore, segmentsOfDisplay } from './segments';

/** How large pictures are drawn. */
export type Zoom = 'fit' | 'actual';

/** A picture's place in device pixels, from the left upper corner of all pictures. */
export interface PictureBox {
  display: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The places of all pictures, and the size of what they cover together. */
export interface Layout {
  boxes: PictureBox[];
  width: number;
  height: number;
}

/** A display with all that was recorded of it, in order of time. */
export interface DisplayHistory {
  index: number;
  segments: readonly Segment[];
  /** As the session lists it, if it does. */
  listed: DisplayPlace | undefined;
}

/** The displays of a session, in order of their numbers. */
export function displayHistories(detail: SessionDetail): DisplayHistory[] {
  const indexes = new Set([
    ...detail.displays.map(({ index }) => index),
    ...detail.segments.map(({ display }) => display),
  ]);
  return [...indexes]
    .sort((a, b) => a - b)
    .map((index) => ({
      index,
      segments: segmentsOfDisplay(detail.segments, index),
      listed: detail.displays.find((display) => display.index === index),
    }));
}

/** The displays as they were at a moment: the sizes come from what was recorded then. */
export function displaysAt(histories: readonly DisplayHistory[], timeUs: number): DisplayPlace[] {
  return histories.flatMap(({ index, segments, listed }) => {
    const at = lastAtOrBefore(segments, timeUs, ({ start_us }) => start_us);
    const segment = segments[Math.max(0, at)];
    if (segment !== undefined && segment.width > 0) {
      const { left, top, width, height } = segment;
      return [{ index, left, top, width, height }];
    }
    return listed === undefined ? [] : [listed];
  });
}

/**
 * Places `displays` in a view of `viewWidth` by `viewHeight` device pixels.
 *
 * What is larger than the view shrinks to fit; what is smaller grows by whole factors only, so that
 * every pixel of the recording stays a square.
 */
export function layOut(
  displays: readonly DisplayPlace[],
  viewWidth: number,
  viewHeight: number,
  zoom: Zoom,
): Layout {
  if (displays.length === 0) return { boxes: [], width: 0, height: 0 };
  const left = Math.min(...displays.map((display) => display.left));
  const top = Math.min(...displays.map((display) => display.top));
  const width = Math.max(...displays.map((display) => display.left + display.width)) - left;
  const height = Math.max(...displays.map((display) => display.top + display.height)) - top;
  const fit = Math.min(viewWidth / width, viewHeight / height);
  const scale = zoom === 'actual' ? 1 : fit >= 1 ? Math.floor(fit) : fit;
  const scaled = (length: number) => Math.max(1, Math.round(length * scale));
  return {
    width: scaled(width),
    height: scaled(height),
    boxes: displays.map((display) => ({
      display: display.index,
      left: Math.round((display.left - left) * scale),
      top: Math.round((display.top - top) * scale),
      width: scaled(display.width),
      height: scaled(display.height),
    })),
  };
}
