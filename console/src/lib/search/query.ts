/** What is searched for, as the address of the page says it. */

import {
  OPERATORS,
  SEARCH_FIELDS,
  type Condition,
  type Operator,
  type SearchField,
  type SearchRequest,
} from '../api/types';

export const PRESETS = ['today', 'yesterday', 'last_7_days', 'last_30_days'] as const;
export type Preset = (typeof PRESETS)[number];

/** The time that is searched. */
export type When =
  | { kind: 'any' }
  | { kind: 'preset'; preset: Preset }
  /** Either end may be open. */
  | { kind: 'range'; fromUs: number | undefined; untilUs: number | undefined };

export interface SearchQuery {
  /** Found anywhere in a record. */
  text: string;
  conditions: Condition[];
  when: When;
}

export const EMPTY_QUERY: SearchQuery = { text: '', conditions: [], when: { kind: 'any' } };

export const FIELD_NAMES: Record<SearchField, string> = {
  who: 'Who',
  action: 'Action',
  what: 'What',
  where: 'Where',
  object_type: 'Object type',
  details: 'Details',
  application: 'Application',
  workstation: 'Workstation',
  session: 'Session',
};

export const OPERATOR_NAMES: Record<Operator, string> = {
  contains: 'contains',
  does_not_contain: 'does not contain',
  equals: 'equals',
  not_equal_to: 'not equal to',
  starts_with: 'starts with',
  ends_with: 'ends with',
};

export const PRESET_NAMES: Record<Preset, string> = {
  today: 'Today',
  yesterday: 'Yesterday',
  last_7_days: 'Last 7 days',
  last_30_days: 'Last 30 days',
};

/**
 * The query as parameters of an address: `?text=payroll&who.contains=ada&when=today`.
 *
 * A condition is a parameter named by its field and operator; a range of time is `from` and `until`
 * in ISO 8601.
 */
export function toParams(query: SearchQuery): URLSearchParams {
  const params = new URLSearchParams();
  if (query.text !== '') params.set('text', query.text);
  for (const { field, operator, value } of query.conditions) {
    params.append(`${field}.${operator}`, value);
  }
  if (query.when.kind === 'preset') params.set('when', query.when.preset);
  if (query.when.kind === 'range') {
    const { fromUs, untilUs } = query.when;
    if (fromUs !== undefined) params.set('from', new Date(fromUs / 1000).toISOString());
    if (untilUs !== undefined) params.set('until', new Date(untilUs / 1000).toISOString());
  }
  return params;
}

/** Reads what {@link toParams} wrote; what makes no sense is left out. */
export function fromParams(params: URLSearchParams): SearchQuery {
  const conditions: Condition[] = [];
  for (const [name, value] of params) {
    const [field, operator, ...rest] = name.split('.');
    const known =
      rest.length === 0 &&
      (SEARCH_FIELDS as readonly string[]).includes(field ?? '') &&
      (OPERATORS as readonly string[]).includes(operator ?? '');
    if (known && value !== '') {
      conditions.push({ field: field as SearchField, operator: operator as Operator, value });
    }
  }
  return { text: params.get('text') ?? '', conditions, when: whenFrom(params) };
}

/** The query as the server takes it; presets are days of the browser's zone. */
export function toRequest(query: SearchQuery, now: Date): SearchRequest {
  const { fromUs, untilUs } = rangeOf(query.when, now);
  return {
    conditions: query.conditions,
    free_text: query.text.trim() === '' ? [] : [query.text.trim()],
    ...(fromUs !== undefined && { from_us: fromUs }),
    ...(untilUs !== undefined && { until_us: untilUs }),
  };
}

/** The query with one condition more; one that says the same or the opposite makes room for it. */
export function withCondition(query: SearchQuery, added: Condition): SearchQuery {
  const opposite = OPPOSITES[added.operator];
  const others = query.conditions.filter(
    ({ field, operator, value }) =>
      field !== added.field ||
      value !== added.value ||
      (operator !== added.operator && operator !== opposite),
  );
  return { ...query, conditions: [...others, added] };
}

export function isEmpty(query: SearchQuery): boolean {
  return query.text === '' && query.conditions.length === 0 && query.when.kind === 'any';
}

/** Whether a condition narrows together with others of its field instead of widening. */
export function isNegative(operator: Operator): boolean {
  return operator === 'does_not_contain' || operator === 'not_equal_to';
}

function whenFrom(params: URLSearchParams): When {
  const preset = params.get('when');
  if (preset !== null && (PRESETS as readonly string[]).includes(preset)) {
    return { kind: 'preset', preset: preset as Preset };
  }
  const fromUs = timeFrom(params.get('from'));
  const untilUs = timeFrom(params.get('until'));
  return fromUs === undefined && untilUs === undefined
    ? { kind: 'any' }
    : { kind: 'range', fromUs, untilUs };
}

function timeFrom(text: string | null): number | undefined {
  const milliseconds = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds * 1000;
}

function rangeOf(when: When, now: Date): { fromUs?: number; untilUs?: number } {
  if (when.kind === 'any') return {};
  if (when.kind === 'range') return { fromUs: when.fromUs, untilUs: when.untilUs };
  const midnight = (daysAgo: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo).getTime() * 1000;
  switch (when.preset) {
    case 'today':
      return { fromUs: midnight(0) };
    case 'yesterday':
      return { fromUs: midnight(1), untilUs: midnight(0) };
    case 'last_7_days':
      return { fromUs: midnight(6) };
    case 'last_30_days':
      return { fromUs: midnight(29) };
  }
}

const OPPOSITES: Record<Operator, Operator | undefined> = {
  contains: 'does_not_contain',
  does_not_contain: 'contains',
  equals: 'not_equal_to',
  not_equal_to: 'equals',
  starts_with: undefined,
  ends_with: undefined,
};
