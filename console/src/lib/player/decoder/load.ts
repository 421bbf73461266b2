import type { SegmentDecoder } from './segment-decoder';
import { WasmSegmentDecoder } from './wasm';

/** Loads the WebAssembly module once and gives a maker of decoders. */
export async function loadDecoderFactory(): Promise<() => SegmentDecoder> {
  const response = await fetch('/decoder.wasm');
  if (!response.ok) throw new Error(`the decoder could not be loaded (${response.status})`);
  const bytes = await response.arrayBuffer();
  const module = await WebAssembly.compile(bytes);
  let instance = await WebAssembly.instantiate(module);
  return () => {
    try {
      return new WasmSegmentDecoder(instance);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      // A trap leaves the instance unusable; a fresh one costs little.
      instance = new WebAssembly.Instance(module);
      return new WasmSegmentDecoder(instance);
    }
  };
}
