/** Which computers a plan is for, as it is edited and in words. */

import type {
  AddressRange,
  ComputerType,
  DirectoryItem,
  Plan,
  PlanDocument,
  PlanItem,
} from '../api/types';

/** What computers of a directory are. */
export const COMPUTER_TYPES = [
  { type: 'domain_controllers', name: 'Domain controllers' },
  { type: 'servers', name: 'Servers' },
  { type: 'workstations', name: 'Workstations' },
] as const satisfies readonly { type: ComputerType; name: string }[];

/** What is meant of a directory: everything, where nothing is said. */
export function typesOf(item: DirectoryItem): readonly ComputerType[] {
  return item.types ?? COMPUTER_TYPES.map(({ type }) => type);
}

/** The plan without what the server adds when it shows it. */
export function documentOf(plan: Plan): PlanDocument {
  const { name, description, settings } = plan;
  return { name, description, settings, items: plan.items.map(bare) };
}

function bare(item: PlanItem): PlanItem {
  const own = item.account === undefined ? {} : { account: item.account };
  if (item.kind === 'computer') return { kind: 'computer', computer: item.computer, ...own };
  if (item.kind === 'directory_container') {
    const { kind, directory, container } = item;
    const [types, exclude] = [[...typesOf(item)], [...(item.exclude ?? [])]];
    return { kind, directory, container, types, exclude, ...own };
  }
  const { kind, from, to, exclude } = item;
  return { kind, from, to, exclude: exclude?.map((part) => ({ ...part })) ?? [], ...own };
}

/** `10.0.0.0 – 10.0.0.255 without 10.0.0.1` */
export function itemInWords(item: PlanItem): string {
  if (item.kind === 'computer') return item.computer;
  if (item.kind === 'directory_container') return containerInWords(item);
  const range = rangeInWords(item);
  const without = item.exclude ?? [];
  if (without.length === 0) return range;
  return `${range} without ${without.map(rangeInWords).join(', ')}`;
}

function containerInWords(item: DirectoryItem): string {
  const types = typesOf(item);
  const chosen = COMPUTER_TYPES.filter(({ type }) => types.includes(type));
  const what = chosen.map(({ name }) => name.toLowerCase()).join(' and ');
  const where = `${item.container ?? 'everything'} of directory ${item.directory}`;
  const all = chosen.length === COMPUTER_TYPES.length;
  const words = all ? where : `${what} in ${where}`;
  const without = item.exclude ?? [];
  return without.length === 0 ? words : `${words} without ${without.join('; ')}`;
}

function rangeInWords({ from, to }: AddressRange): string {
  return from === to ? from : `${from} – ${to}`;
}

/** What is to be excluded, as it is typed: ranges and addresses, with commas between. */
export function excludeText(ranges: readonly AddressRange[] | undefined): string {
  return (ranges ?? []).map(({ from, to }) => (from === to ? from : `${from}-${to}`)).join(', ');
}

/** Reads what was typed. What is no address is the server's to find. */
export function readExclude(text: string): AddressRange[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const [from = '', to = from] = part.split(/\s*[-–]\s*/);
      return { from, to };
    });
}
