/** A list of which a page at a time is fetched, the latest first. */

import { isAbort } from '../api/problem';
import { account } from './account.svelte';

export interface FetchedPage<T> {
  items: T[];
  /** Where the next page begins; absent on the last. */
  next?: string;
}

export class Pages<T> {
  /** Undefined until the first page is there. */
  items = $state.raw<T[]>();
  next = $state<string>();
  error = $state.raw<unknown>();
  busy = $state(false);
  #abort = new AbortController();
  readonly #fetch: (after: string | undefined, signal: AbortSignal) => Promise<FetchedPage<T>>;

  constructor(fetch: (after: string | undefined, signal: AbortSignal) => Promise<FetchedPage<T>>) {
    this.#fetch = fetch;
  }

  /** Begins again with the first page. */
  restart(): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    return this.#load(undefined);
  }

  more(): Promise<void> {
    return this.next === undefined || this.busy ? Promise.resolve() : this.#load(this.next);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #load(after: string | undefined): Promise<void> {
    const { signal } = this.#abort;
    this.busy = true;
    try {
      const page = await this.#fetch(after, signal);
      if (signal.aborted) return;
      this.items = after === undefined ? page.items : [...(this.items ?? []), ...page.items];
      this.next = page.next;
      this.error = undefined;
    } catch (failure) {
      if (isAbort(failure) || signal.aborted || account.noticeSignedOut(failure)) return;
      this.error = failure;
    } finally {
      if (!signal.aborted) this.busy = false;
    }
  }
}
