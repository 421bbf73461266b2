import { expect, it } from 'vitest';
import { safeNext } from './next';

it('leads back to where one came from, and never to another site', () => {
  expect(safeNext('/sessions/7?t=5')).toBe('/sessions/7?t=5');
  for (const bad of [null, '', '/', '//evil.example', '/\\evil.example', 'https://evil.example']) {
    expect(safeNext(bad)).toBe('/search');
  }
});
