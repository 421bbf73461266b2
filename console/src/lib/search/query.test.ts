import { describe, expect, it } from 'vitest';
import { OPERATORS, SEARCH_FIELDS, type Condition } from '../api/types';
import {
  EMPTY_QUERY,
  fromParams,
  toParams,
  toRequest,
  withCondition,
  type SearchQuery,
} from './query';

function roundTrip(query: SearchQuery): SearchQuery {
  return fromParams(new URLSearchParams(toParams(query).toString()));
}

describe('the address of a search', () => {
  it('holds every field with every operator', () => {
    const conditions = SEARCH_FIELDS.flatMap((field) =>
      OPERATORS.map((operator): Condition => ({ field, operator, value: `${field} ${operator}` })),
    );
    const query = { ...EMPTY_QUERY, conditions };
    expect(roundTrip(query)).toEqual(query);
  });

  it('holds any text', () => {
    const text = '50 % of "A&B=C" + Größe ✓ 日本語 a.b=c#d';
    const query: SearchQuery = {
      ...EMPTY_QUERY,
      text,
      conditions: [{ field: 'what', operator: 'contains', value: text }],
    };
    expect(roundTrip(query)).toEqual(query);
  });

  it('holds the same field twice, in order', () => {
    const conditions: Condition[] = [
      { field: 'who', operator: 'contains', value: 'b' },
      { field: 'where', operator: 'equals', value: 'x' },
      { field: 'who', operator: 'contains', value: 'a' },
    ];
    expect(roundTrip({ ...EMPTY_QUERY, conditions }).conditions).toEqual(conditions);
  });

  it('holds the time', () => {
    const preset: SearchQuery = { ...EMPTY_QUERY, when: { kind: 'preset', preset: 'yesterday' } };
    expect(roundTrip(preset)).toEqual(preset);
    const range: SearchQuery = {
      ...EMPTY_QUERY,
      when: { kind: 'range', fromUs: 1_700_000_000_000_000, untilUs: undefined },
    };
    expect(roundTrip(range)).toEqual(range);
  });

  it('is empty for an empty search', () => {
    expect(toParams(EMPTY_QUERY).toString()).toBe('');
  });

  it('leaves out what makes no sense', () => {
    const params = new URLSearchParams('who.likes=x&shoe.contains=y&when=never&from=noon&t=5');
    expect(fromParams(params)).toEqual(EMPTY_QUERY);
  });
});

describe('the request of a search', () => {
  const now = new Date(2026, 10, 23, 15, 30);
  const midnight = (day: number) => new Date(2026, 10, day).getTime() * 1000;

  it('takes presets as whole days of the local zone', () => {
    const range = (preset: 'today' | 'yesterday' | 'last_7_days') =>
      toRequest({ ...EMPTY_QUERY, when: { kind: 'preset', preset } }, now);
    expect(range('today')).toMatchObject({ from_us: midnight(23) });
    expect(range('today').until_us).toBeUndefined();
    expect(range('yesterday')).toMatchObject({ from_us: midnight(22), until_us: midnight(23) });
    expect(range('last_7_days')).toMatchObject({ from_us: midnight(17) });
  });

  it('does not split text at spaces', () => {
    expect(toRequest({ ...EMPTY_QUERY, text: ' pay roll ' }, now).free_text).toEqual(['pay roll']);
  });
});

describe('adding a condition', () => {
  const include: Condition = { field: 'who', operator: 'equals', value: 'ada' };

  it('does nothing the second time', () => {
    const once = withCondition(EMPTY_QUERY, include);
    expect(withCondition(once, include)).toEqual(once);
  });

  it('takes the place of its opposite', () => {
    const excluded = withCondition(withCondition(EMPTY_QUERY, include), {
      ...include,
      operator: 'not_equal_to',
    });
    expect(excluded.conditions).toEqual([{ ...include, operator: 'not_equal_to' }]);
  });
});
