import { describe, expect, it } from 'vitest';
import { ByteStore } from './byte-store';
import type { ByteRange } from './segments';

const KIB = 1024;

/** A segment whose byte at `n` is `n % 251`, and the list of what was asked for. */
function source(): {
  asked: ByteRange[];
  fetchRange: (id: string, range: ByteRange, signal: AbortSignal) => Promise<Uint8Array>;
} {
  const asked: ByteRange[] = [];
  return {
    asked,
    fetchRange: (_id, range, signal) => {
      asked.push(range);
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        queueMicrotask(() => resolve(content(range)));
      });
    },
  };
}

function content({ from, until }: ByteRange): Uint8Array {
  return Uint8Array.from({ length: until - from }, (_, index) => (from + index) % 251);
}

const never = new AbortController().signal;

describe('the store of segment bytes', () => {
  it('gives exactly the bytes that were asked for', async () => {
    const store = new ByteStore(source().fetchRange);
    const range = { from: 60 * KIB + 7, until: 200 * KIB + 3 };
    expect(await store.read('a', range, never)).toEqual(content(range));
  });

  it('asks for neighbouring blocks in one request', async () => {
    const { asked, fetchRange } = source();
    await new ByteStore(fetchRange).read('a', { from: 48, until: 500 * KIB }, never);
    expect(asked).toHaveLength(1);
  });

  it('asks once for what it has or is already getting', async () => {
    const { asked, fetchRange } = source();
    const store = new ByteStore(fetchRange);
    const range = { from: 0, until: 100 * KIB };
    await Promise.all([store.read('a', range, never), store.read('a', range, never)]);
    await store.read('a', range, never);
    expect(asked).toHaveLength(1);
  });

  it('asks only for what a growing segment has gained', async () => {
    const { asked, fetchRange } = source();
    const store = new ByteStore(fetchRange);
    await store.read('a', { from: 0, until: 1000 }, never);
    const range = { from: 500, until: 1500 };
    expect(await store.read('a', range, never)).toEqual(content(range));
    expect(asked[1]).toEqual({ from: 1000, until: 1500 });
  });

  it('keeps within its budget and drops what was used longest ago', async () => {
    const { asked, fetchRange } = source();
    const store = new ByteStore(fetchRange, 128 * KIB);
    await store.read('a', { from: 0, until: 64 * KIB }, never);
    await store.read('b', { from: 0, until: 64 * KIB }, never);
    await store.read('a', { from: 0, until: 64 * KIB }, never);
    await store.read('c', { from: 0, until: 64 * KIB }, never);
    expect(store.keptBytes).toBe(128 * KIB);
    await store.read('a', { from: 0, until: 64 * KIB }, never);
    expect(asked).toHaveLength(3);
    await store.read('b', { from: 0, until: 64 * KIB }, never);
    expect(asked).toHaveLength(4);
  });

  it('lets one reader give up without failing the others', async () => {
    const { fetchRange } = source();
    const store = new ByteStore(fetchRange);
    const impatient = new AbortController();
    const range = { from: 0, until: 10 };
    const first = store.read('a', range, impatient.signal);
    const second = store.read('a', range, never);
    impatient.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    expect(await second).toEqual(content(range));
  });

  it('refuses an answer that is too short', async () => {
    const store = new ByteStore(() => Promise.resolve(new Uint8Array(3)));
    await expect(store.read('a', { from: 0, until: 10 }, never)).rejects.toThrow(/3 bytes/);
  });
});
