import type { TimeRange } from '../api/types';
import { axisTime } from '../time';
import {
  BAND,
  paintAxis,
  paintEvents,
  paintGaps,
  paintGround,
  paintIdle,
  paintPlayhead,
  paintStretches,
  type TimelineContent,
  type TimelinePaint,
} from './layers';
import { TimeScale } from './scale';

/**
 * Paints the timeline on a canvas; the playhead moves without painting the rest again.
 *
 * What lies under the playhead is painted once for each content, view, size and theme, on a canvas
 * of its own.
 */
export class Timeline {
  readonly #canvas: HTMLCanvasElement;
  readonly #under = document.createElement('canvas');
  #content: TimelineContent = { stretches: [], idle: [], gaps: [], events: [] };
  #paint: TimelinePaint;
  #scale: TimeScale;
  #positionUs = 0;
  #pixelRatio = 1;
  #underIsOld = true;
  #frame: number | undefined;

  constructor(canvas: HTMLCanvasElement, whole: TimeRange, paint: TimelinePaint) {
    this.#canvas = canvas;
    this.#paint = paint;
    this.#scale = new TimeScale(whole, whole, 1);
  }

  get scale(): TimeScale {
    return this.#scale;
  }

  setContent(content: TimelineContent): void {
    this.#content = content;
    this.#paintSoon(true);
  }

  setPaint(paint: TimelinePaint): void {
    this.#paint = paint;
    this.#paintSoon(true);
  }

  setWhole(whole: TimeRange): void {
    const { whole: old } = this.#scale;
    if (old.from_us === whole.from_us && old.until_us === whole.until_us) return;
    this.setScale(this.#scale.withWhole(whole));
  }

  setScale(scale: TimeScale): void {
    if (scale === this.#scale) return;
    this.#scale = scale;
    this.#paintSoon(true);
  }

  setPosition(positionUs: number): void {
    this.#positionUs = positionUs;
    this.#paintSoon(false);
  }

  /** Takes the width in CSS pixels. */
  resize(width: number, pixelRatio: number): void {
    this.#pixelRatio = pixelRatio;
    for (const canvas of [this.#canvas, this.#under]) {
      canvas.width = Math.max(1, Math.round(width * pixelRatio));
      canvas.height = Math.round(BAND.total * pixelRatio);
    }
    this.#scale = this.#scale.withWhole(this.#scale.whole, width);
    this.#paintSoon(true);
  }

  dispose(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  #paintSoon(all: boolean): void {
    this.#underIsOld ||= all;
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#paintNow();
    });
  }

  #paintNow(): void {
    if (this.#underIsOld) this.#paintUnder();
    this.#underIsOld = false;
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.drawImage(this.#under, 0, 0);
    context.scale(this.#pixelRatio, this.#pixelRatio);
    paintPlayhead(context, this.#scale, this.#positionUs, this.#paint);
  }

  #paintUnder(): void {
    const context = this.#under.getContext('2d');
    if (context === null) return;
    const { stretches, idle, gaps, events } = this.#content;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#under.width, this.#under.height);
    context.scale(this.#pixelRatio, this.#pixelRatio);
    paintGround(context, this.#scale, this.#paint);
    paintStretches(context, this.#scale, stretches, this.#paint);
    paintIdle(context, this.#scale, idle, this.#paint);
    paintGaps(context, this.#scale, gaps, this.#paint);
    paintEvents(context, this.#scale, events, this.#paint);
    const zoneOffsetUs = -new Date(this.#scale.view.from_us / 1000).getTimezoneOffset() * 60e6;
    paintAxis(context, this.#scale, this.#paint, axisTime, zoneOffsetUs);
  }
}
