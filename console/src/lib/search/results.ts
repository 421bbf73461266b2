import { isAbort } from '../api/problem';
import type { ActivityRecord, SearchPage, SearchRequest } from '../api/types';

/** Asks for one page. */
export type FetchPage = (request: SearchRequest, signal: AbortSignal) => Promise<SearchPage>;

/** What is known of the results so far. */
export interface ResultsState {
  records: readonly ActivityRecord[];
  loading: boolean;
  /** There is nothing more. */
  complete: boolean;
  /** The records are those of the search before: the first of this one are not here yet. */
  stale: boolean;
  error: unknown;
}

/**
 * The results of a search, page by page as they are needed.
 *
 * A new search makes the one before stale: its answers are dropped, whenever they come.
 */
export class SearchResults {
  readonly #fetchPage: FetchPage;
  readonly #changed: (state: ResultsState) => void;
  #request: SearchRequest | undefined;
  #after: string | undefined;
  #abort = new AbortController();
  #state: ResultsState = NO_RESULTS;

  constructor(fetchPage: FetchPage, changed: (state: ResultsState) => void) {
    this.#fetchPage = fetchPage;
    this.#changed = changed;
  }

  get state(): ResultsState {
    return this.#state;
  }

  /** Starts a new search. */
  start(request: SearchRequest): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#request = request;
    this.#after = undefined;
    this.#set({ loading: true, complete: false, error: undefined, stale: true });
    void this.#load(FIRST_PAGE);
  }

  /** Says that rows up to `row` are looked at: loads more when they come near the end. */
  need(row: number): void {
    const { loading, complete, error, records } = this.#state;
    if (loading || complete || error !== undefined || this.#request === undefined) return;
    if (row + ROWS_IN_HAND >= records.length) void this.#load(NEXT_PAGE);
  }

  /** Goes on after a failure. */
  retry(): void {
    this.#set({ error: undefined });
    void this.#load(NEXT_PAGE);
  }

  /** Drops what is underway. */
  stop(): void {
    this.#abort.abort();
  }

  async #load(limit: number): Promise<void> {
    const { signal } = this.#abort;
    const request = this.#request;
    if (request === undefined) return;
    this.#set({ loading: true });
    try {
      // A page may be empty although there is more: the server looked as far as it may at once.
      for (;;) {
        const page = await this.#fetchPage({ ...request, limit, after: this.#after }, signal);
        if (signal.aborted) return;
        this.#after = page.next;
        const complete = this.#after === undefined;
        const done = complete || page.records.length > 0;
        if (!done) continue;
        const { stale, records: before } = this.#state;
        const records = stale ? page.records : [...before, ...page.records];
        this.#set({
          records,
          complete: complete || records.length >= MAX_ROWS,
          loading: false,
          stale: false,
        });
        return;
      }
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      const records = this.#state.stale ? [] : this.#state.records;
      this.#set({ records, loading: false, error, stale: false });
    }
  }

  #set(change: Partial<ResultsState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}

/** What is known before the first search. */
export const NO_RESULTS: ResultsState = {
  records: [],
  loading: false,
  complete: false,
  stale: true,
  error: undefined,
};

/** More rows than anybody scrolls through; the page says so and asks to narrow the search. */
export const MAX_ROWS = 100_000;
const FIRST_PAGE = 100;
const NEXT_PAGE = 500;
const ROWS_IN_HAND = 200;
