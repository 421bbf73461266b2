import { describe, expect, it } from 'vitest';
import { KEY_HELP, commandFor } from './keys';

function press(key: string, held: Partial<KeyboardEvent> = {}) {
  return commandFor({
    key,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...held,
  });
}

describe('the keys of the player', () => {
  it('all do what the overview lists', () => {
    const names: Record<string, string> = {
      Space: ' ',
      '←': 'ArrowLeft',
      '→': 'ArrowRight',
      '…': '5',
    };
    for (const { keys } of KEY_HELP) {
      for (const shown of keys) {
        const shiftKey = shown.startsWith('Shift+');
        const key = shown.replace('Shift+', '');
        expect(press(names[key] ?? key, { shiftKey }), shown).toBeDefined();
      }
    }
  });

  it('jump further with shift', () => {
    expect(press('ArrowRight')).toEqual({ kind: 'seek-by', secs: 5 });
    expect(press('ArrowLeft', { shiftKey: true })).toEqual({ kind: 'seek-by', secs: -60 });
  });

  it('leave the shortcuts of the browser alone', () => {
    expect(press('f', { ctrlKey: true })).toBeUndefined();
    expect(press('ArrowLeft', { altKey: true })).toBeUndefined();
    expect(press('l', { metaKey: true })).toBeUndefined();
    expect(press('Tab')).toBeUndefined();
  });
});
