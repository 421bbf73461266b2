/** Which computers a plan is for, as it is edited and in words. */

import type { AddressRange, Plan, PlanDocument, PlanItem } from '../api/types';

/** The plan without what the server adds when it shows it. */
export function documentOf(plan: Plan): PlanDocument {
  const { name, description, settings } = plan;
  return { name, description, settings, items: plan.items.map(bare) };
}

function bare(item: PlanItem): PlanItem {
  if (item.kind === 'computer') return { kind: 'computer', computer: item.computer };
  const { kind, from, to, exclude } = item;
  return { kind, from, to, exclude: exclude?.map((part) => ({ ...part })) ?? [] };
}

/** `10.0.0.0 – 10.0.0.255 without 10.0.0.1` */
export function itemInWords(item: PlanItem): string {
  if (item.kind === 'computer') return item.computer;
  const range = rangeInWords(item);
  const without = item.exclude ?? [];
  if (without.length === 0) return range;
  return `${range} without ${without.map(rangeInWords).join(', ')}`;
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
