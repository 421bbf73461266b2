// Seeks with the console's decoder in a headless browser; prints milliseconds as JSON.
//
// node decode.mjs FOLDER
//
// The folder holds decoder.wasm, segments, and spots.json: a list of moments, each with the
// segment's file, the bytes from the key frame to the next one, and the time in microseconds.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import process from 'node:process';

import { chromium } from 'playwright-core';

const TRIES = 3;
const folder = process.argv[2];

const server = createServer(async (request, response) => {
  const name = path.basename(request.url);
  // These make the browser's clock precise.
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-embedder-policy', 'require-corp');
  try {
    const page = name === '' || name === 'favicon.ico';
    const body = page
      ? '<!doctype html><title>Decoder</title>'
      : await readFile(path.join(folder, name));
    const type = page
      ? 'text/html'
      : name.endsWith('.wasm')
        ? 'application/wasm'
        : 'application/octet-stream';
    response.setHeader('content-type', type);
    response.end(body);
  } catch {
    response.statusCode = 404;
    response.end();
  }
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(600_000);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  console.log(JSON.stringify(await page.evaluate(seekEverywhere, TRIES)));
} finally {
  await browser.close();
  server.close();
}

/** Runs in the page. */
async function seekEverywhere(tries) {
  const spots = await (await fetch('spots.json')).json();
  const { instance } = await WebAssembly.instantiateStreaming(fetch('decoder.wasm'));
  const wasm = instance.exports;
  const segments = new Map();
  const times = [];
  for (const spot of spots) {
    if (!segments.has(spot.segment)) {
      segments.clear();
      const body = await (await fetch(spot.segment)).arrayBuffer();
      segments.set(spot.segment, new Uint8Array(body));
    }
    const bytes = segments.get(spot.segment);
    let best = Infinity;
    for (let turn = 0; turn < tries; turn += 1) best = Math.min(best, seek(bytes, spot));
    times.push(best);
    // Lets the page breathe.
    await new Promise((done) => setTimeout(done));
  }
  return times;

  function seek(bytes, spot) {
    const started = performance.now();
    const session = wasm.eid_new(2 ** 30);
    give(session, bytes.subarray(0, 1024));
    check(session, wasm.eid_open(session));
    check(session, wasm.eid_start_at(session, spot.from));
    for (let at = spot.from; at < spot.to; at += 65_536) {
      give(session, bytes.subarray(at, Math.min(at + 65_536, spot.to)));
      check(session, wasm.eid_push(session));
      check(session, wasm.eid_decode_until(session, spot.time));
      const next = wasm.eid_next_time(session);
      if (next > spot.time) break;
    }
    const took = performance.now() - started;
    if (wasm.eid_pixels_len(session) === 0) throw new Error('no picture');
    wasm.eid_delete(session);
    return took;
  }

  function give(session, piece) {
    const at = wasm.eid_input(session, piece.length);
    new Uint8Array(wasm.memory.buffer, at, piece.length).set(piece);
  }

  function check(session, result) {
    if (result >= 0) return;
    const at = wasm.eid_failure_ptr(session);
    const length = wasm.eid_failure_len(session);
    throw new Error(new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, at, length)));
  }
}
