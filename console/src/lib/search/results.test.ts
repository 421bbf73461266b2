import { describe, expect, it } from 'vitest';
import type { ActivityRecord, SearchPage, SearchRequest } from '../api/types';
import { SearchResults } from './results';

const empty: SearchRequest = { conditions: [], free_text: [] };

function page(from: number, count: number, next?: string): SearchPage {
  const records = Array.from({ length: count }, (_, index) => ({ id: String(from + index) }));
  return { records: records as ActivityRecord[], next };
}

/** A server that answers from a script, one page for each request. */
function scripted(pages: (SearchPage | Error)[]) {
  const asked: SearchRequest[] = [];
  const results = new SearchResults(
    (request) => {
      const answer = pages[asked.length] ?? page(0, 0);
      asked.push(request);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    () => {},
  );
  return { asked, results };
}

const settled = () => new Promise((done) => setImmediate(done));

describe('search results', () => {
  it('come page by page as rows are looked at', async () => {
    const { asked, results } = scripted([page(0, 100, 'm1'), page(100, 500, 'm2'), page(600, 10)]);
    results.start(empty);
    await settled();
    expect(results.state.records).toHaveLength(100);
    results.need(20);
    await settled();
    results.need(30);
    await settled();
    expect(results.state.records).toHaveLength(600);
    results.need(599);
    await settled();
    expect(results.state).toMatchObject({ complete: true, loading: false });
    expect(asked.map(({ after }) => after)).toEqual([undefined, 'm1', 'm2']);
  });

  it('go on asking while pages are empty but not the last', async () => {
    const { results } = scripted([page(0, 0, 'm1'), page(0, 0, 'm2'), page(0, 3)]);
    results.start(empty);
    await settled();
    expect(results.state).toMatchObject({ complete: true, loading: false });
    expect(results.state.records).toHaveLength(3);
  });

  it('of an older search are dropped when they come late', async () => {
    const answers: ((page: SearchPage) => void)[] = [];
    const results = new SearchResults(
      () => new Promise((resolve) => answers.push(resolve)),
      () => {},
    );
    results.start({ ...empty, free_text: ['old'] });
    results.start({ ...empty, free_text: ['new'] });
    answers[1]?.(page(0, 1));
    await settled();
    answers[0]?.(page(50, 5));
    await settled();
    expect(results.state.records.map(({ id }) => id)).toEqual(['0']);
  });

  it('stay until those of the next search come', async () => {
    const { results } = scripted([page(0, 100, 'm1'), page(500, 1)]);
    results.start(empty);
    await settled();
    results.start({ ...empty, free_text: ['other'] });
    expect(results.state).toMatchObject({ stale: true, loading: true });
    expect(results.state.records).toHaveLength(100);
    await settled();
    expect(results.state.records.map(({ id }) => id)).toEqual(['500']);
  });

  it('keep what is there when a page fails, and go on from there', async () => {
    const { asked, results } = scripted([page(0, 100, 'm1'), new Error('gone'), page(100, 5)]);
    results.start(empty);
    await settled();
    results.need(99);
    await settled();
    expect(results.state.error).toBeInstanceOf(Error);
    expect(results.state.records).toHaveLength(100);
    results.need(99);
    expect(asked).toHaveLength(2);
    results.retry();
    await settled();
    expect(results.state.records).toHaveLength(105);
    expect(asked[2]?.after).toBe('m1');
  });
});
