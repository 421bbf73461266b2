/// <reference lib="webworker" />
/** The worker that fetches, decodes and draws, so that the page never waits for a picture. */

import { segmentDataUrl } from '../api/client';
import { errorFromResponse } from '../api/problem';
import { ByteStore } from './byte-store';
import { loadDecoderFactory } from './decoder/load';
import type { SegmentDecoder } from './decoder/segment-decoder';
import { DisplayStream } from './display-stream';
import type { FromWorker, ToWorker } from './messages';
import { segmentsOfDisplay, type ByteRange } from './segments';
import { Surface } from './surface';
import type { Segment } from '../api/types';

declare const self: DedicatedWorkerGlobalScope;

interface Screen {
  stream: DisplayStream;
  surface: Surface;
}

const store = new ByteStore(fetchRange);
const screens = new Map<number, Screen>();
let segments: Segment[] = [];
let createDecoder: (() => SegmentDecoder) | undefined;
/** What came before the decoder was there. */
const waiting: ToWorker[] = [];

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (createDecoder === undefined) waiting.push(data);
  else handle(data, createDecoder);
};

loadDecoderFactory().then(
  (factory) => {
    createDecoder = factory;
    for (const message of waiting.splice(0)) handle(message, factory);
  },
  (error: unknown) => say({ kind: 'broken', message: String(error) }),
);

function handle(message: ToWorker, factory: () => SegmentDecoder): void {
  switch (message.kind) {
    case 'attach': {
      screens.get(message.display)?.stream.dispose();
      const screen = createScreen(message.display, message.canvas, factory);
      screen.surface.resize(message.width, message.height);
      screens.set(message.display, screen);
      break;
    }
    case 'detach':
      screens.get(message.display)?.stream.dispose();
      screens.delete(message.display);
      break;
    case 'resize':
      screens.get(message.display)?.surface.resize(message.width, message.height);
      break;
    case 'segments':
      segments = message.segments;
      for (const [display, { stream }] of screens) {
        stream.setSegments(segmentsOfDisplay(segments, display));
      }
      break;
    case 'show':
      screens.get(message.display)?.stream.show(message.target, performance.now());
      break;
  }
}

function createScreen(
  display: number,
  canvas: OffscreenCanvas,
  factory: () => SegmentDecoder,
): Screen {
  const surface = new Surface(canvas);
  const stream = new DisplayStream({
    store,
    createDecoder: factory,
    draw: (decoder) => surface.draw(decoder),
    report: (target, outcome) => say({ kind: 'done', display, target, outcome }),
  });
  stream.setSegments(segmentsOfDisplay(segments, display));
  return { stream, surface };
}

async function fetchRange(
  segmentId: string,
  { from, until }: ByteRange,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const response = await fetch(segmentDataUrl(segmentId), {
    headers: { range: `bytes=${from}-${until - 1}` },
    signal,
    credentials: 'same-origin',
  });
  if (!response.ok) throw await errorFromResponse(response);
  const bytes = new Uint8Array(await response.arrayBuffer());
  // A server that ignores the range sends everything.
  return response.status === 206 ? bytes : bytes.subarray(from, until);
}

function say(message: FromWorker): void {
  self.postMessage(message);
}
