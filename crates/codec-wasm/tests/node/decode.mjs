// Decodes a segment of fixed frame rate with the WebAssembly module and compares all its frames,
// as `eidetic frames decode` writes them, with a hash.
//
// node decode.mjs DECODER.wasm SEGMENT.eid SHA256-OF-ALL-FRAMES

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';

const [wasmPath, segmentPath, expected] = process.argv.slice(2);
if (expected === undefined) {
  console.error('usage: node decode.mjs DECODER.wasm SEGMENT.eid SHA256-OF-ALL-FRAMES');
  process.exit(2);
}

const module = new WebAssembly.Module(readFileSync(wasmPath));
const wasm = new WebAssembly.Instance(module, {}).exports;
const session = wasm.eid_new(1 << 30);
const segment = readFileSync(segmentPath);

give(segment.subarray(0, 48));
const headerBytes = check(wasm.eid_open(session));
give(segment);
const endBytes = check(wasm.eid_read_end(session));
if (endBytes === 0) fail('the segment has no end');
const [width, height, , numerator, denominator, fourthByte] = info();
const frames = info()[9];

const hash = createHash('sha256');
const line = Buffer.alloc(width * height * 4);
let offset = headerBytes;
let decoded = 0;
const started = process.hrtime.bigint();
let hashing = 0n;
for (let frame = 0; frame < frames; frame += 1) {
  const time = Math.floor((frame * 1e6 * numerator) / denominator);
  // Bytes arrive in pieces; a frame is due once the next one is here or none is left.
  while (offset < segment.length && nextTime() === undefined) {
    const end = Math.min(segment.length, offset + 50_000);
    give(segment.subarray(offset, end));
    check(wasm.eid_push(session));
    offset = end;
  }
  decoded += check(wasm.eid_decode_until(session, time));
  const before = process.hrtime.bigint();
  hash.update(bgrx());
  hashing += process.hrtime.bigint() - before;
}
const took = Number(process.hrtime.bigint() - started - hashing) / 1e6;

const actual = hash.digest('hex');
if (actual !== expected) fail(`${frames} frames hash to ${actual} instead of ${expected}`);
console.log(`${frames} frames, ${decoded} packets in ${took.toFixed(1)} ms: equal`);

function give(bytes) {
  const at = wasm.eid_input(session, bytes.length);
  new Uint8Array(wasm.memory.buffer, at, bytes.length).set(bytes);
}

function nextTime() {
  const time = wasm.eid_next_time(session);
  if (time < -1) check(time + 1);
  return time < 0 ? undefined : time;
}

function info() {
  return [...new Float64Array(wasm.memory.buffer, wasm.eid_info_ptr(session), 10)];
}

function bgrx() {
  const at = wasm.eid_pixels_ptr(session);
  const pixels = new Uint8Array(wasm.memory.buffer, at, line.length);
  for (let index = 0; index < line.length; index += 4) {
    line[index] = pixels[index + 2];
    line[index + 1] = pixels[index + 1];
    line[index + 2] = pixels[index];
    line[index + 3] = fourthByte;
  }
  return line;
}

function check(result) {
  if (result >= 0) return result;
  const at = wasm.eid_failure_ptr(session);
  const length = wasm.eid_failure_len(session);
  return fail(new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, at, length)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
