/** What the keys do in the player. */

export type PlayerCommand =
  | { kind: 'toggle' }
  | { kind: 'seek-by'; secs: number }
  | { kind: 'frame'; direction: 1 | -1 }
  | { kind: 'activity'; direction: 1 | -1 }
  | { kind: 'speed'; direction: 1 | -1 }
  | { kind: 'to'; share: number }
  | { kind: 'skip-idle' }
  | { kind: 'zoom' }
  | { kind: 'fullscreen' }
  | { kind: 'live' }
  | { kind: 'copy-link' }
  | { kind: 'filter' }
  | { kind: 'help' };

/** A line of the overview of keys. */
export interface KeyHelp {
  keys: string[];
  what: string;
}

export const KEY_HELP: readonly KeyHelp[] = [
  { keys: ['Space', 'K'], what: 'Play or pause' },
  { keys: ['←', '→'], what: 'Back or forward 5 seconds' },
  { keys: ['Shift+←', 'Shift+→'], what: 'Back or forward 1 minute' },
  { keys: [',', '.'], what: 'Previous or next picture' },
  { keys: ['P', 'N'], what: 'Previous or next activity' },
  { keys: ['<', '>'], what: 'Slower or faster' },
  { keys: ['0', '…', '9'], what: 'To 0 %, 10 %, … 90 % of the session' },
  { keys: ['Home', 'End'], what: 'To the start or the end' },
  { keys: ['I'], what: 'Skip idle time, or not' },
  { keys: ['Z'], what: 'Fit the view, or actual size' },
  { keys: ['F'], what: 'Full screen' },
  { keys: ['L'], what: 'To the newest moment of a running session' },
  { keys: ['C'], what: 'Copy a link to this moment' },
  { keys: ['/'], what: 'Filter the activities' },
  { keys: ['?'], what: 'This overview' },
];

/** The command for a key, if it has one. */
export function commandFor(event: {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}): PlayerCommand | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const jump = event.shiftKey ? 60 : 5;
  if (/^[0-9]$/.test(event.key)) return { kind: 'to', share: Number(event.key) / 10 };
  switch (event.key.length === 1 ? event.key.toLowerCase() : event.key) {
    case ' ':
    case 'k':
      return { kind: 'toggle' };
    case 'ArrowLeft':
      return { kind: 'seek-by', secs: -jump };
    case 'ArrowRight':
      return { kind: 'seek-by', secs: jump };
    case ',':
      return { kind: 'frame', direction: -1 };
    case '.':
      return { kind: 'frame', direction: 1 };
    case 'p':
      return { kind: 'activity', direction: -1 };
    case 'n':
      return { kind: 'activity', direction: 1 };
    case '<':
      return { kind: 'speed', direction: -1 };
    case '>':
      return { kind: 'speed', direction: 1 };
    case 'Home':
      return { kind: 'to', share: 0 };
    case 'End':
      return { kind: 'to', share: 1 };
    case 'i':
      return { kind: 'skip-idle' };
    case 'z':
      return { kind: 'zoom' };
    case 'f':
      return { kind: 'fullscreen' };
    case 'l':
      return { kind: 'live' };
    case 'c':
      return { kind: 'copy-link' };
    case '/':
      return { kind: 'filter' };
    case '?':
      return { kind: 'help' };
    default:
      return undefined;
  }
}
