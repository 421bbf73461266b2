import type { TimeRange } from '../api/types';

/** A stretch of pixels. */
export interface Span {
  x: number;
  width: number;
}

/** Turns times into pixels and back, for the part of the session that is in view. */
export class TimeScale {
  /** What can be looked at. */
  readonly whole: TimeRange;
  /** What is looked at. */
  readonly view: TimeRange;
  readonly width: number;

  constructor(whole: TimeRange, view: TimeRange, width: number) {
    this.whole = whole;
    this.view = view;
    this.width = Math.max(1, width);
  }

  get usPerPixel(): number {
    return Math.max(1, this.view.until_us - this.view.from_us) / this.width;
  }

  get zoomed(): boolean {
    return this.view.from_us > this.whole.from_us || this.view.until_us < this.whole.until_us;
  }

  xOf(timeUs: number): number {
    return (timeUs - this.view.from_us) / this.usPerPixel;
  }

  timeAt(x: number): number {
    const timeUs = this.view.from_us + x * this.usPerPixel;
    return Math.round(Math.min(this.whole.until_us, Math.max(this.whole.from_us, timeUs)));
  }

  /** The pixels of a stretch, cut to what is in view; undefined if none of it is. */
  spanOf(range: TimeRange): Span | undefined {
    const from = Math.max(0, this.xOf(range.from_us));
    const until = Math.min(this.width, this.xOf(range.until_us));
    return until > from ? { x: from, width: until - from } : undefined;
  }

  /** Looks closer (`factor` below 1) or wider, and keeps the moment at `x` where it is. */
  zoomedAt(x: number, factor: number): TimeScale {
    const pivotUs = this.view.from_us + x * this.usPerPixel;
    const wholeUs = this.whole.until_us - this.whole.from_us;
    const currentUs = this.view.until_us - this.view.from_us;
    const wantedUs = Math.min(wholeUs, Math.max(MIN_VIEW_US, currentUs * factor));
    const share = (pivotUs - this.view.from_us) / Math.max(1, currentUs);
    return this.lookingAt(pivotUs - share * wantedUs, wantedUs);
  }

  /** Moves the view by pixels. */
  pannedBy(pixels: number): TimeScale {
    const lengthUs = this.view.until_us - this.view.from_us;
    return this.lookingAt(this.view.from_us + pixels * this.usPerPixel, lengthUs);
  }

  /** The scale that has `timeUs` in view: this one if it has. */
  revealing(timeUs: number): TimeScale {
    if (timeUs >= this.view.from_us && timeUs <= this.view.until_us) return this;
    const lengthUs = this.view.until_us - this.view.from_us;
    return this.lookingAt(timeUs - lengthUs / 4, lengthUs);
  }

  /** The scale for a session that went on: a view of everything stays one. */
  withWhole(whole: TimeRange, width = this.width): TimeScale {
    if (!this.zoomed) return new TimeScale(whole, whole, width);
    const lengthUs = this.view.until_us - this.view.from_us;
    return new TimeScale(whole, whole, width).lookingAt(this.view.from_us, lengthUs);
  }

  private lookingAt(fromUs: number, lengthUs: number): TimeScale {
    const length = Math.min(lengthUs, this.whole.until_us - this.whole.from_us);
    const from = Math.max(this.whole.from_us, Math.min(fromUs, this.whole.until_us - length));
    return new TimeScale(this.whole, { from_us: from, until_us: from + length }, this.width);
  }
}

/** The step between labels of the axis: the shortest usual one that leaves room for them. */
export function axisStepUs(usPerPixel: number): number {
  const wanted = usPerPixel * MIN_LABEL_PIXELS;
  return AXIS_STEPS_SECS.map((secs) => secs * 1e6).find((step) => step >= wanted) ?? 86_400e6;
}

const MIN_VIEW_US = 5_000_000;
const MIN_LABEL_PIXELS = 84;
const AXIS_STEPS_SECS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200,
];
