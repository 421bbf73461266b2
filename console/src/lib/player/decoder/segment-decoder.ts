/**
 * Turns the bytes of a segment into pictures, as the player wants it.
 *
 * The WebAssembly module does the work; tests use a scripted one.
 */
export interface SegmentDecoder {
  /** Size of the current picture. */
  readonly width: number;
  readonly height: number;

  /**
   * Begins again at a key frame: what was pushed is forgotten, the picture stays until `advance`.
   *
   * `header` is the first {@link HEADER_BYTES} bytes of the segment; the bytes of the key frame
   * come with `push`.
   */
  restart(header: Uint8Array): void;

  /** Takes the next bytes of the segment. */
  push(bytes: Uint8Array): void;

  /** When the next frame is to be shown; undefined while its bytes are not all there. */
  nextFrameUs(): number | undefined;

  /** Makes the next frame the current picture. */
  advance(): void;

  /** The current picture, four bytes RGBA for each pixel; valid until the next call. */
  picture(): Uint8ClampedArray<ArrayBuffer>;

  /** Frees what the decoder holds outside the garbage collector's sight. */
  dispose(): void;
}

/** How many bytes from a segment's beginning a decoder needs before any key frame. */
export const HEADER_BYTES = 1024;
