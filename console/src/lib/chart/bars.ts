/** Where the parts of a small chart are. */

export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A number that an axis can end with, not below this one: 1, 2 or 5 with zeros. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

/** Bars beside each other that fill the width; the highest possible value fills the height. */
export function bars(
  values: readonly number[],
  highest: number,
  width: number,
  height: number,
): Bar[] {
  const slot = width / Math.max(1, values.length);
  const gap = Math.min(6, slot * 0.25);
  return values.map((value, index) => {
    const full = highest > 0 ? (value / highest) * height : 0;
    // What is not nothing is seen.
    const barHeight = value > 0 ? Math.max(1.5, full) : 0;
    return {
      x: index * slot + gap / 2,
      y: height - barHeight,
      width: slot - gap,
      height: barHeight,
    };
  });
}

/** The widths of parts of a whole, in percent; each that is not nothing is seen. */
export function shares(counts: readonly number[]): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return counts.map(() => 0);
  const seen = counts.map((count) => (count > 0 ? Math.max(1.5, (count / all) * 100) : 0));
  const total = seen.reduce((sum, share) => sum + share, 0);
  return seen.map((share) => (share / total) * 100);
}
