/** Which computers are listed, and in which order. */

import type { Computer, ComputerStatus } from '../api/types';

export type SortColumn =
  'name' | 'status' | 'plan' | 'last_seen' | 'version' | 'cpu' | 'memory' | 'clock' | 'spool';

export interface Wanted {
  /** Part of a name, address or operating system. */
  text: string;
  /** Empty for all. */
  status: ComputerStatus | 'attention' | '';
  /** A plan's id; empty for all. */
  plan: string;
  sort: SortColumn;
  descending: boolean;
}

export const EVERYTHING: Wanted = {
  text: '',
  status: '',
  plan: '',
  sort: 'name',
  descending: false,
};

/** The computers that are wanted, in the wanted order; by name where that says nothing. */
export function listed(computers: readonly Computer[], wanted: Wanted): Computer[] {
  const text = wanted.text.trim().toLowerCase();
  const found = computers.filter((computer) => fits(computer, wanted, text));
  const by = KEYS[wanted.sort];
  const keyed = found.map((computer) => ({ computer, key: by(computer) }));
  const direction = wanted.descending ? -1 : 1;
  keyed.sort((a, b) => compare(a.key, b.key, direction) || names(a.computer, b.computer));
  return keyed.map(({ computer }) => computer);
}

function fits(computer: Computer, { status, plan }: Wanted, text: string): boolean {
  if (
    status === 'attention'
      ? computer.concerns.length === 0
      : status !== '' && computer.status !== status
  )
    return false;
  if (plan !== '' && computer.plan?.id !== plan) return false;
  if (text === '') return true;
  const texts = [computer.name, computer.address ?? '', computer.operating_system];
  return texts.some((part) => part.toLowerCase().includes(text));
}

type Key = string | number | undefined;

/** The order in which somebody should look at them. */
const STATUS_ORDER: ComputerStatus[] = [
  'duplicate',
  'not_responding',
  'paused',
  'enrolled',
  'recording',
  'idle',
  'removed',
];

const KEYS: Record<SortColumn, (computer: Computer) => Key> = {
  name: ({ name }) => name.toLowerCase(),
  status: ({ status, concerns }) =>
    STATUS_ORDER.indexOf(status) + (concerns.length > 0 ? 0 : STATUS_ORDER.length),
  plan: ({ plan }) => plan?.name.toLowerCase(),
  last_seen: ({ last_seen_us }) => last_seen_us,
  version: ({ agent_version }) => agent_version,
  cpu: ({ cpu_percent }) => cpu_percent,
  memory: ({ memory_bytes }) => memory_bytes,
  clock: ({ clock_ahead_us }) =>
    clock_ahead_us === undefined ? undefined : Math.abs(clock_ahead_us),
  spool: ({ spool_bytes }) => spool_bytes,
};

/** What is not known comes last, whatever the direction. */
function compare(a: Key, b: Key, direction: 1 | -1): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return (a < b ? -1 : 1) * direction;
}

function names(a: Computer, b: Computer): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
