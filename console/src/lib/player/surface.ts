import type { SegmentDecoder } from './decoder/segment-decoder';

/**
 * The canvas that one display is seen on.
 *
 * The page decides how large the canvas is in device pixels; the picture always fills it. Enlarged
 * pixels stay sharp squares, shrunk pictures are filtered.
 */
export class Surface {
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  /** The picture in its own size. */
  readonly #picture = new OffscreenCanvas(1, 1);
  readonly #pictureContext: OffscreenCanvasRenderingContext2D;
  #empty = true;

  constructor(canvas: OffscreenCanvas) {
    this.#canvas = canvas;
    this.#context = context2d(canvas, { alpha: false });
    this.#pictureContext = context2d(this.#picture, { alpha: false, willReadFrequently: true });
  }

  /** Changes the size in device pixels and draws what was there again. */
  resize(width: number, height: number): void {
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    this.#canvas.width = Math.max(1, width);
    this.#canvas.height = Math.max(1, height);
    this.#paint();
  }

  draw(decoder: SegmentDecoder): void {
    const { width, height } = decoder;
    if (this.#picture.width !== width || this.#picture.height !== height) {
      this.#picture.width = width;
      this.#picture.height = height;
    }
    this.#pictureContext.putImageData(new ImageData(decoder.picture(), width, height), 0, 0);
    this.#empty = false;
    this.#paint();
  }

  #paint(): void {
    if (this.#empty) return;
    const { width, height } = this.#canvas;
    const shrinks = width < this.#picture.width || height < this.#picture.height;
    this.#context.imageSmoothingEnabled = shrinks;
    this.#context.imageSmoothingQuality = 'high';
    this.#context.drawImage(this.#picture, 0, 0, width, height);
  }
}

function context2d(
  canvas: OffscreenCanvas,
  settings: CanvasRenderingContext2DSettings,
): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', settings);
  if (context === null) throw new Error('the browser cannot draw on a canvas');
  return context;
}
