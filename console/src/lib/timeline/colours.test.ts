import { describe, expect, it } from 'vitest';
import { applicationColour } from './colours';

describe('the colour of an application', () => {
  it('is the same every time', () => {
    expect(applicationColour('Firefox', 'dark')).toBe(applicationColour('Firefox', 'dark'));
  });

  it('does not depend on case', () => {
    expect(applicationColour('XTerm', 'light')).toBe(applicationColour('xterm', 'light'));
  });

  it('keeps its hue in both themes', () => {
    const hue = (colour: string) => colour.split(' ')[2];
    expect(hue(applicationColour('Firefox', 'light'))).toBe(
      hue(applicationColour('Firefox', 'dark')),
    );
  });

  it('tells common applications apart', () => {
    const names = [
      'Chromium',
      'Firefox',
      'XTerm',
      'Mousepad',
      'LibreOffice Calc',
      'Files',
      'Outlook',
      'Excel',
    ];
    const colours = new Set(names.map((name) => applicationColour(name, 'light')));
    expect(colours.size).toBeGreaterThanOrEqual(names.length - 1);
  });
});
