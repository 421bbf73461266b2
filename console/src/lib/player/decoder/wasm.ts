import type { SegmentDecoder } from './segment-decoder';

/** A key frame that the end of a segment lists. */
export interface IndexedKeyFrame {
  offset: number;
  timeUs: number;
}

/** A part of the picture, in pixels. */
export interface PictureRect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What the page can do about a failure. */
export type DecodeFailureKind =
  /** The calls came in the wrong order. */
  | 'usage'
  /** This is no segment that can be read. */
  | 'header'
  /** The bytes are damaged from here on. */
  | 'packet'
  /** A packet's content is wrong: the next key frame may do. */
  | 'content'
  /** The segment needs more memory than it may take. */
  | 'limit';

/** A segment, or a part of it, cannot be decoded. */
export class DecodeFailure extends Error {
  override readonly name = 'DecodeFailure';

  constructor(
    readonly kind: DecodeFailureKind,
    message: string,
  ) {
    super(message);
  }
}

/** The functions of `decoder.wasm`; `crates/codec-wasm/src/abi.rs` describes each. */
interface DecoderExports {
  memory: WebAssembly.Memory;
  eid_abi_version(): number;
  eid_new(memoryLimitBytes: number): number;
  eid_delete(session: number): void;
  eid_set_hash_check(session: number, verify: number): number;
  eid_input(session: number, length: number): number;
  eid_open(session: number): number;
  eid_start_at(session: number, offset: number): number;
  eid_push(session: number): number;
  eid_next_time(session: number): number;
  eid_decode_until(session: number, time: number): number;
  eid_read_end(session: number): number;
  eid_index_ptr(session: number): number;
  eid_index_len(session: number): number;
  eid_info_ptr(session: number): number;
  eid_pixels_ptr(session: number): number;
  eid_pixels_len(session: number): number;
  eid_take_changes(session: number): number;
  eid_changes_ptr(session: number): number;
  eid_failure_ptr(session: number): number;
  eid_failure_len(session: number): number;
}

/**
 * A decoder over an instance of `decoder.wasm`. One instance serves any number of decoders.
 *
 * All times are microseconds of Unix time; in the segment they count from its start.
 *
 * A `WebAssembly.RuntimeError` from any call means that the instance is of no more use.
 */
export class WasmSegmentDecoder implements SegmentDecoder {
  readonly #wasm: DecoderExports;
  readonly #session: number;
  #startUs = 0;
  #nextFrameUs: number | undefined;

  constructor(instance: WebAssembly.Instance, memoryLimitBytes = DEFAULT_MEMORY_LIMIT_BYTES) {
    this.#wasm = instance.exports as unknown as DecoderExports;
    const version = this.#wasm.eid_abi_version();
    if (version !== ABI_VERSION) {
      throw new Error(`the decoder has interface ${version}, the page needs ${ABI_VERSION}`);
    }
    this.#session = this.#wasm.eid_new(memoryLimitBytes);
    if (this.#session === 0) throw new Error('too many decoders');
  }

  get width(): number {
    return this.#info(0) ?? 0;
  }

  get height(): number {
    return this.#info(1) ?? 0;
  }

  /** When the segment starts. */
  get startUs(): number {
    return this.#startUs;
  }

  /** Time of the current picture; undefined until there is one. */
  get frameUs(): number | undefined {
    return this.#time(7);
  }

  /** When the segment ends; undefined until its end was read. */
  get endUs(): number | undefined {
    return this.#time(8);
  }

  /** Whether pictures are compared with the hashes in the segment, as is the default. */
  verifyHashes(verify: boolean): void {
    this.#check(this.#wasm.eid_set_hash_check(this.#session, verify ? 1 : 0));
  }

  restart(header: Uint8Array): void {
    this.#nextFrameUs = undefined;
    this.#give(header);
    const headerBytes = this.#check(this.#wasm.eid_open(this.#session));
    if (headerBytes === 0) throw new DecodeFailure('header', 'the segment header is not complete');
    this.#startUs = this.#info(2) ?? 0;
  }

  push(bytes: Uint8Array): void {
    this.#give(bytes);
    this.#check(this.#wasm.eid_push(this.#session));
  }

  nextFrameUs(): number | undefined {
    const time = this.#wasm.eid_next_time(this.#session);
    if (time < -1) throw this.#failure(-time - 1);
    this.#nextFrameUs = time < 0 ? undefined : this.#startUs + time;
    return this.#nextFrameUs;
  }

  advance(): void {
    const next = this.#nextFrameUs ?? this.nextFrameUs();
    if (next !== undefined) this.decodeUntil(next);
    this.#nextFrameUs = undefined;
  }

  /** Decodes all frames that have arrived up to and including `timeUs`; says how many. */
  decodeUntil(timeUs: number): number {
    return this.#check(this.#wasm.eid_decode_until(this.#session, timeUs - this.#startUs));
  }

  picture(): Uint8ClampedArray<ArrayBuffer> {
    const at = this.#wasm.eid_pixels_ptr(this.#session);
    const length = this.#wasm.eid_pixels_len(this.#session);
    return new Uint8ClampedArray(this.#buffer(), at, length);
  }

  /** What changed in the picture since the last call. */
  takeChanges(): PictureRect[] {
    const count = this.#wasm.eid_take_changes(this.#session);
    const at = this.#wasm.eid_changes_ptr(this.#session);
    const numbers = new Uint32Array(this.#buffer(), at, count * 4);
    const rects: PictureRect[] = [];
    for (let index = 0; index < numbers.length; index += 4) {
      const [x = 0, y = 0, width = 0, height = 0] = numbers.subarray(index, index + 4);
      rects.push({ x, y, width, height });
    }
    return rects;
  }

  /**
   * Reads the index from the last bytes of a segment whose header was given to `restart`.
   *
   * A number says how many of the last bytes are needed instead; an empty list is the answer for
   * a segment without an end.
   */
  readIndex(tail: Uint8Array): IndexedKeyFrame[] | number {
    this.#give(tail);
    const needed = this.#check(this.#wasm.eid_read_end(this.#session));
    if (needed > tail.length) return needed;
    if (needed === 0) return [];
    const at = this.#wasm.eid_index_ptr(this.#session);
    const length = this.#wasm.eid_index_len(this.#session);
    const numbers = new Float64Array(this.#buffer(), at, length);
    const keys: IndexedKeyFrame[] = [];
    for (let index = 0; index < length; index += 2) {
      keys.push({ offset: numbers[index] ?? 0, timeUs: this.#startUs + (numbers[index + 1] ?? 0) });
    }
    return keys;
  }

  dispose(): void {
    this.#wasm.eid_delete(this.#session);
  }

  #give(bytes: Uint8Array): void {
    const at = this.#wasm.eid_input(this.#session, bytes.length);
    if (at === 0) throw new DecodeFailure('usage', 'the decoder was disposed of');
    new Uint8Array(this.#buffer(), at, bytes.length).set(bytes);
  }

  #info(index: number): number | undefined {
    const at = this.#wasm.eid_info_ptr(this.#session);
    // Before a segment is open there is nothing at the address.
    if (this.#wasm.eid_pixels_len(this.#session) === 0) return undefined;
    return new Float64Array(this.#buffer(), at, INFO_NUMBERS)[index];
  }

  #time(index: number): number | undefined {
    const value = this.#info(index);
    return value === undefined || value < 0 ? undefined : this.#startUs + value;
  }

  #check(result: number): number {
    if (result < 0) throw this.#failure(-result);
    return result;
  }

  #failure(kind: number): DecodeFailure {
    const at = this.#wasm.eid_failure_ptr(this.#session);
    const length = this.#wasm.eid_failure_len(this.#session);
    const message = new TextDecoder().decode(new Uint8Array(this.#buffer(), at, length));
    return new DecodeFailure(FAILURE_KINDS[kind - 1] ?? 'usage', message || 'no such decoder');
  }

  /** A view must not be kept: the buffer is another one after the memory has grown. */
  #buffer(): ArrayBuffer {
    return this.#wasm.memory.buffer as ArrayBuffer;
  }
}

const ABI_VERSION = 1;
const INFO_NUMBERS = 10;
const FAILURE_KINDS: readonly DecodeFailureKind[] = [
  'usage',
  'header',
  'packet',
  'content',
  'limit',
];
const DEFAULT_MEMORY_LIMIT_BYTES = 1024 * 1024 * 1024;
