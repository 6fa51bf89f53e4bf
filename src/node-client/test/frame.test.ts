import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '@msgpack/msgpack';
import { encodeFrame, FrameCutter, PREFIX } from '../src/frame.js';
import { embeddingFrom, predictKeys, predictResultFrom, type PredictInput } from '../src/messages.js';
import { golden, goldens } from './golden.js';

const all = goldens();

/** JavaScript cannot tell 1.0 from 1, and writes it as the integer that the wire takes as well. */
const wholeFloats = ['request_predict_min_score_one', 'request_predict_min_score_zero'];

/** Whole numbers of 64 bits come as bigint, on both sides. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return [...value];
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  return value;
}

test('there are golden frames', () => assert.ok(all.length > 80));

for (const { name, message, frame } of all) {
  test(`${name} is read as what it says`, () => {
    const [payload, ...more] = new FrameCutter().push(frame);
    assert.equal(more.length, 0);
    assert.deepEqual(plain(decode(payload!, { useBigInt64: true })), plain(message));
  });
}

/** Ids over 2^53 are another client's: this one counts up from 1. */
const hasBigInt = (message: Record<string, unknown>) => Object.values(message).some((value) => typeof value === 'bigint');

for (const { name, message, frame } of all.filter((one) => one.kind === 'request' && !hasBigInt(one.message) && !wholeFloats.includes(one.name))) {
  test(`${name} is written to the byte`, () => {
    const { v, id, op, ...keys } = message;
    const own = op === 'predict' ? predictKeys(keys as unknown as PredictInput) : keys;
    assert.deepEqual(encodeFrame({ v, id, op, ...own }), frame);
  });
}

test('frames are found however the stream is split', () => {
  const stream = Buffer.concat([golden('result_ping').frame, golden('result_predict_faces').frame, golden('error_internal').frame]);
  for (const size of [1, 2, 3, 4, 5, 7, 64, 1000, stream.length]) {
    const cutter = new FrameCutter();
    const found: number[] = [];
    for (let at = 0; at < stream.length; at += size) {
      for (const payload of cutter.push(new Uint8Array(stream.subarray(at, at + size)))) found.push(payload.byteLength);
    }
    assert.deepEqual(found, ['result_ping', 'result_predict_faces', 'error_internal'].map((name) => golden(name).frame.byteLength - PREFIX));
  }
});

test('a length of nothing or too much is refused', () => {
  assert.throws(() => [...new FrameCutter().push(new Uint8Array(4))], /a frame of 0 bytes/);
  assert.throws(() => [...new FrameCutter(10).push(new Uint8Array([0, 0, 0, 11]))], /a frame of 11 bytes/);
});

test('embeddings are float32 wherever they lie in memory', () => {
  const bytes = new Uint8Array(9);
  new DataView(bytes.buffer).setFloat32(1, 0.1, true);
  new DataView(bytes.buffer).setFloat32(5, -1e-7, true);
  assert.deepEqual(embeddingFrom(bytes.subarray(1)), new Float32Array([0.1, -1e-7]));
  const faces = predictResultFrom(golden('result_predict_faces').message['result'] as Record<string, unknown>)['facial-recognition']!;
  assert.ok(faces.length > 0 && faces.every((face) => face.embedding instanceof Float32Array));
});
