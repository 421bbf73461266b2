import type { ByteRange } from './segments';

/** Fetches `[from, until)` of a segment; fewer bytes than asked for are an error. */
export type FetchRange = (
  segmentId: string,
  range: ByteRange,
  signal: AbortSignal,
) => Promise<Uint8Array>;

/**
 * Bytes of segments, fetched by range when first asked for and kept within a budget.
 *
 * Bytes are kept in blocks; the least recently used blocks go first. The last block of a growing
 * segment is filled up as the segment grows, since bytes that were readable once never change.
 */
export class ByteStore {
  readonly #fetchRange: FetchRange;
  readonly #budgetBytes: number;
  /** In order of use, the oldest first. */
  readonly #blocks = new Map<string, Uint8Array>();
  readonly #underway = new Map<string, Promise<void>>();
  #keptBytes = 0;

  constructor(fetchRange: FetchRange, budgetBytes = DEFAULT_BUDGET_BYTES) {
    this.#fetchRange = fetchRange;
    this.#budgetBytes = budgetBytes;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** The bytes `range` of a segment, all of them. */
  async read(segmentId: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (const block of blocksOf(range)) {
      parts.push(await this.#part(segmentId, range, block, signal));
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : joined(parts);
  }

  async #part(
    segmentId: string,
    range: ByteRange,
    block: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const start = block * BLOCK_BYTES;
    const from = Math.max(range.from, start) - start;
    const until = Math.min(range.until, start + BLOCK_BYTES) - start;
    const key = blockKey(segmentId, block);
    for (;;) {
      signal.throwIfAborted();
      const bytes = this.#blocks.get(key);
      if (bytes !== undefined && bytes.length >= until) {
        this.#touch(key, bytes);
        return bytes.subarray(from, until);
      }
      const underway = this.#underway.get(key);
      if (underway === undefined) {
        await this.#load(segmentId, this.#missingRun(segmentId, { ...range, from: start }), signal);
      } else {
        // Whoever asked for it may give up; then this caller asks itself.
        await untilSettledOrAborted(underway, signal);
      }
    }
  }

  /** What to ask for at once: from the first missing byte up to the next block that is there. */
  #missingRun(segmentId: string, range: ByteRange): ByteRange {
    const first = Math.floor(range.from / BLOCK_BYTES);
    const kept = this.#blocks.get(blockKey(segmentId, first))?.length ?? 0;
    let until = (first + 1) * BLOCK_BYTES;
    while (until < range.until && until - range.from < MAX_REQUEST_BYTES) {
      const key = blockKey(segmentId, until / BLOCK_BYTES);
      if (this.#blocks.has(key) || this.#underway.has(key)) break;
      until += BLOCK_BYTES;
    }
    return { from: first * BLOCK_BYTES + kept, until: Math.min(until, range.until) };
  }

  async #load(segmentId: string, run: ByteRange, signal: AbortSignal): Promise<void> {
    const keys = blocksOf(run).map((block) => blockKey(segmentId, block));
    const loading = this.#fetchRange(segmentId, run, signal).then((bytes) => {
      if (bytes.length < run.until - run.from) {
        throw new RangeError(
          `${bytes.length} bytes of segment ${segmentId} instead of ${run.until - run.from}`,
        );
      }
      this.#keep(segmentId, run, bytes);
    });
    for (const key of keys) this.#underway.set(key, loading);
    try {
      await loading;
    } finally {
      for (const key of keys) this.#underway.delete(key);
    }
  }

  #keep(segmentId: string, run: ByteRange, bytes: Uint8Array): void {
    for (const block of blocksOf(run)) {
      const key = blockKey(segmentId, block);
      const start = block * BLOCK_BYTES;
      const part = bytes.subarray(
        Math.max(0, start - run.from),
        Math.min(run.until, start + BLOCK_BYTES) - run.from,
      );
      const kept = this.#blocks.get(key);
      const continues = kept !== undefined && run.from === start + kept.length;
      // A copy of its own, so that the budget counts what is really held.
      this.#touch(key, continues ? joined([kept, part]) : part.slice());
    }
    for (const [key, oldest] of this.#blocks) {
      if (this.#keptBytes <= this.#budgetBytes) break;
      this.#blocks.delete(key);
      this.#keptBytes -= oldest.length;
    }
  }

  #touch(key: string, bytes: Uint8Array): void {
    this.#keptBytes += bytes.length - (this.#blocks.get(key)?.length ?? 0);
    this.#blocks.delete(key);
    this.#blocks.set(key, bytes);
  }
}

function blocksOf(range: ByteRange): number[] {
  const first = Math.floor(range.from / BLOCK_BYTES);
  const last = Math.floor((range.until - 1) / BLOCK_BYTES);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

function blockKey(segmentId: string, block: number): string {
  return `${segmentId}:${block}`;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function untilSettledOrAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    work.then(done, done);
  });
}

const BLOCK_BYTES = 64 * 1024;
const MAX_REQUEST_BYTES = 1024 * 1024;
const DEFAULT_BUDGET_BYTES = 64 * 1024 * 1024;
