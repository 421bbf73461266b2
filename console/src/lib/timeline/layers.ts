/** What the timeline is painted of, from the back to the front. */

import type { SessionEvent, TimeRange } from '../api/types';
import type { Gap, Stretch } from '../session/stretches';
import { applicationColour, type ThemeName } from './colours';
import { axisStepUs, type Span, type TimeScale } from './scale';

/** What is painted. */
export interface TimelineContent {
  stretches: readonly Stretch[];
  idle: readonly TimeRange[];
  gaps: readonly Gap[];
  events: readonly SessionEvent[];
}

/** The colours that come from the theme. */
export interface TimelinePaint {
  theme: ThemeName;
  ground: string;
  hatch: string;
  gap: string;
  event: string;
  text: string;
  playhead: string;
  font: string;
}

/** The part of a 2D canvas that the layers use. */
export type Brush = Pick<
  CanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'font'
  | 'textBaseline'
  | 'textAlign'
  | 'fillRect'
  | 'fillText'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'closePath'
  | 'fill'
  | 'stroke'
  | 'save'
  | 'restore'
  | 'rect'
  | 'clip'
>;

/** Heights in CSS pixels, from the top. */
export const BAND = { marks: 0, top: 14, height: 26, axis: 44, total: 58 } as const;

/** The empty band. */
export function paintGround(brush: Brush, scale: TimeScale, paint: TimelinePaint): void {
  brush.fillStyle = paint.ground;
  brush.fillRect(0, BAND.top, scale.width, BAND.height);
}

/**
 * The stretches, each in the colour of its application.
 *
 * Of the many that may fall on one pixel only the longest is painted, so that the work is bounded
 * by the width and not by the length of the session.
 */
export function paintStretches(
  brush: Brush,
  scale: TimeScale,
  stretches: readonly Stretch[],
  paint: TimelinePaint,
): void {
  let pixel = -1;
  let longest: { stretch: Stretch; width: number } | undefined;
  const flush = () => {
    if (longest === undefined) return;
    brush.fillStyle = applicationColour(longest.stretch.application, paint.theme);
    brush.fillRect(pixel, BAND.top, 1, BAND.height);
    longest = undefined;
  };
  for (const stretch of stretches) {
    const span = scale.spanOf(stretch);
    if (span === undefined) continue;
    if (span.width >= 1) {
      flush();
      brush.fillStyle = applicationColour(stretch.application, paint.theme);
      brush.fillRect(span.x, BAND.top, Math.max(1, span.width - gapBetween(span)), BAND.height);
      continue;
    }
    if (Math.floor(span.x) !== pixel) {
      flush();
      pixel = Math.floor(span.x);
    }
    if (longest === undefined || span.width > longest.width) {
      longest = { stretch, width: span.width };
    }
  }
  flush();
}

/** Slanted lines over the stretches in which nobody did anything. */
export function paintIdle(
  brush: Brush,
  scale: TimeScale,
  idle: readonly TimeRange[],
  paint: TimelinePaint,
): void {
  for (const range of idle) {
    const span = scale.spanOf(range);
    if (span !== undefined) hatch(brush, span, paint);
  }
}

/** Where no video is: the band is cut out, down to a line. */
export function paintGaps(
  brush: Brush,
  scale: TimeScale,
  gaps: readonly Gap[],
  paint: TimelinePaint,
): void {
  for (const gap of gaps) {
    const span = scale.spanOf(gap);
    if (span === undefined) continue;
    const width = Math.max(2, span.width);
    brush.fillStyle = paint.gap;
    brush.fillRect(span.x, BAND.top + BAND.height - GAP_HEIGHT, width, GAP_HEIGHT);
  }
}

/** A mark above the band for each session event. */
export function paintEvents(
  brush: Brush,
  scale: TimeScale,
  events: readonly SessionEvent[],
  paint: TimelinePaint,
): void {
  brush.fillStyle = paint.event;
  for (const { when_us } of events) {
    const x = scale.xOf(when_us);
    if (x < 0 || x > scale.width) continue;
    brush.beginPath();
    brush.moveTo(x - 4, BAND.marks + 3);
    brush.lineTo(x + 4, BAND.marks + 3);
    brush.lineTo(x, BAND.marks + 11);
    brush.closePath();
    brush.fill();
  }
}

/** Times below the band. */
export function paintAxis(
  brush: Brush,
  scale: TimeScale,
  paint: TimelinePaint,
  label: (timeUs: number, stepUs: number) => string,
  zoneOffsetUs: number,
): void {
  const step = axisStepUs(scale.usPerPixel);
  brush.fillStyle = paint.text;
  brush.font = paint.font;
  brush.textBaseline = 'top';
  // Steps count from local midnight, so that full hours are labelled in every zone.
  const first = Math.ceil((scale.view.from_us + zoneOffsetUs) / step) * step - zoneOffsetUs;
  for (let timeUs = first; timeUs <= scale.view.until_us; timeUs += step) {
    const x = scale.xOf(timeUs);
    brush.fillRect(x, BAND.top + BAND.height, 1, 3);
    brush.textAlign = x < 24 ? 'left' : x > scale.width - 24 ? 'right' : 'center';
    brush.fillText(label(timeUs, step), x, BAND.axis);
  }
}

/** A line at a moment. */
export function paintPlayhead(
  brush: Brush,
  scale: TimeScale,
  timeUs: number,
  paint: TimelinePaint,
): void {
  const x = Math.round(scale.xOf(timeUs));
  if (x < 0 || x > scale.width) return;
  brush.fillStyle = paint.playhead;
  brush.fillRect(x - 1, BAND.top - 4, 2, BAND.height + 8);
}

function gapBetween(span: Span): number {
  return span.width > 6 ? 1 : 0;
}

function hatch(brush: Brush, span: Span, paint: TimelinePaint): void {
  brush.save();
  brush.beginPath();
  brush.rect(span.x, BAND.top, span.width, BAND.height);
  brush.clip();
  brush.strokeStyle = paint.hatch;
  brush.lineWidth = 1.5;
  brush.beginPath();
  // Counted from the left edge of the view, so that neighbours line up.
  const first = Math.floor((span.x - BAND.height) / HATCH_STEP) * HATCH_STEP;
  for (let x = first; x < span.x + span.width; x += HATCH_STEP) {
    brush.moveTo(x, BAND.top + BAND.height);
    brush.lineTo(x + BAND.height, BAND.top);
  }
  brush.stroke();
  brush.restore();
}

const GAP_HEIGHT = 3;
const HATCH_STEP = 6;
