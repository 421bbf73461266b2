/** Colours for applications: the same name has the same colour everywhere and always. */

export type ThemeName = 'light' | 'dark';

/** The colour of an application, as CSS takes it. */
export function applicationColour(name: string, theme: ThemeName): string {
  const hash = hashOf(name.toLowerCase());
  const hue = (hash % HUES) * (360 / HUES);
  const shade = Math.floor(hash / HUES) % 2;
  const lightness = theme === 'light' ? [0.62, 0.74] : [0.66, 0.54];
  return `oklch(${lightness[shade]} 0.13 ${hue})`;
}

/** FNV-1a, so that the colours do not depend on the browser. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash ^= character.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

const HUES = 18;
