import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { embeddingText, MachineLearningRepository, MlConnectionError } from '../src/index.js';
import { Fake, type Asked } from './fake.js';
import { golden } from './golden.js';

async function ask<T>(result: string, use: (repository: MachineLearningRepository, picture: string) => Promise<T>): Promise<[T, Asked]> {
  const fake = await new Fake().start((_, reply) => reply({ result: golden(result).message['result'] as object }));
  const picture = join(fake.folder, 'picture');
  writeFileSync(picture, new Uint8Array([1, 2, 3]));
  const repository = new MachineLearningRepository({ path: fake.path });
  repository.setup({ urls: [] });
  try {
    return [await use(repository, picture), fake.asked[0]!];
  } finally {
    repository.teardown();
    await fake[Symbol.asyncDispose]();
  }
}

test('encodeImage sends the file and answers a string of numbers', async () => {
  const [text, asked] = await ask('result_predict_clip_visual', (repository, picture) => repository.encodeImage(picture, { modelName: 'm' }));
  assert.deepEqual(asked['tasks'], { clip: { visual: { modelName: 'm' } } });
  assert.deepEqual([...asked['image']], [1, 2, 3]);
  assert.ok((JSON.parse(text) as number[]).every(Number.isFinite));
});

test('encodeText passes the language on, where there is one', async () => {
  const [, german] = await ask('result_predict_clip_textual', (repository) => repository.encodeText('x', { modelName: 'm', language: 'de' }));
  assert.deepEqual([german['text'], german['tasks']], ['x', { clip: { textual: { modelName: 'm', options: { language: 'de' } } } }]);
  const [, none] = await ask('result_predict_clip_textual', (repository) => repository.encodeText('x', { modelName: 'm' }));
  assert.deepEqual(none['tasks'], { clip: { textual: { modelName: 'm' } } });
});

test('detectFaces answers boxes with names', async () => {
  const [found, asked] = await ask('result_predict_faces', (repository, picture) => repository.detectFaces(picture, { modelName: 'm', minScore: 0.7 }));
  assert.deepEqual(asked['tasks'], { 'facial-recognition': { detection: { modelName: 'm', options: { minScore: 0.7 } }, recognition: { modelName: 'm' } } });
  assert.deepEqual([found.imageWidth, found.imageHeight], [1440, 1080]);
  assert.deepEqual(found.faces[0]!.boundingBox, { x1: 100, y1: 80, x2: 212, y2: 238 });
  assert.ok(found.faces.every((face) => JSON.parse(face.embedding).length > 0));
});

test('ocr answers four lists and sends both scores where they belong', async () => {
  const options = { modelName: 'm', minDetectionScore: 0.5, minRecognitionScore: 0.9, maxResolution: 736 };
  const [found, asked] = await ask('result_predict_ocr', (repository, picture) => repository.ocr(picture, options));
  assert.deepEqual(asked['tasks'], {
    ocr: {
      detection: { modelName: 'm', options: { minScore: 0.5, maxResolution: 736 } },
      recognition: { modelName: 'm', options: { minScore: 0.9 } },
    },
  });
  assert.equal(found.box.length, found.text.length * 8);
  assert.equal(found.textScore.length, found.text.length);
});

test('a file that is not there fails before anything is asked', async () => {
  const repository = new MachineLearningRepository({ path: '/nowhere' });
  await assert.rejects(repository.encodeImage('/no/such/file', { modelName: 'm' }), { code: 'ENOENT' });
  repository.teardown();
});

test('embeddings are written in few digits that give the same float32 again', () => {
  const values = new Float32Array(20_000);
  let seed = 12345;
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    bits[i] = (seed & 0x7f800000) === 0x7f800000 ? seed & 0x3fffffff : seed;
  }
  assert.deepEqual(new Float32Array(JSON.parse(embeddingText(values)) as number[]), values);
  assert.equal(embeddingText(new Float32Array([0.1, -1.5, 0, 3])), '[0.1,-1.5,0,3]');
});

const bytes = (...numbers: number[]) => new Uint8Array(new Float32Array(numbers).buffer);

async function answering(result: Record<string, unknown>, use: (repository: MachineLearningRepository, picture: string) => Promise<unknown>): Promise<void> {
  const fake = await new Fake().start((_, reply) => reply({ result }));
  const picture = join(fake.folder, 'picture');
  writeFileSync(picture, new Uint8Array([1]));
  const repository = new MachineLearningRepository({ path: fake.path });
  try {
    await use(repository, picture);
  } finally {
    repository.teardown();
    await fake[Symbol.asyncDispose]();
  }
}

for (const [name, embedding] of Object.entries({ NaN: bytes(0, NaN), infinity: bytes(Infinity), 'minus infinity': bytes(1, -Infinity), none: bytes(), half: bytes(1).subarray(2) })) {
  test(`an embedding of ${name} is an error and never a string`, async () => {
    await answering({ clip: embedding }, async (repository, picture) => {
      await assert.rejects(repository.encodeImage(picture, { modelName: 'm' }), MlConnectionError);
      await assert.rejects(repository.encodeText('x', { modelName: 'm' }), MlConnectionError);
    });
    const face = { boundingBox: [0, 0, 1, 1], score: 0.5, embedding };
    await answering({ 'facial-recognition': [face], imageHeight: 1, imageWidth: 1 }, async (repository, picture) => {
      await assert.rejects(repository.detectFaces(picture, { modelName: 'm', minScore: 0.7 }), MlConnectionError);
    });
  });
}

test('embeddingText refuses what is no embedding', () => {
  for (const values of [[NaN], [1, Infinity], [-Infinity], []]) assert.throws(() => embeddingText(new Float32Array(values)), MlConnectionError);
  assert.equal(embeddingText(new Float32Array([3.4028234663852886e38, 1.401298464324817e-45])), '[3.4028235e+38,1.4013e-45]');
});

test('an answer that lacks what was asked for, or holds what is no number, is an error with a word', async () => {
  const options = { modelName: 'm', minDetectionScore: 0.5, minRecognitionScore: 0.9, maxResolution: 736 };
  const ocr = { text: ['a'], box: [0, 0, 1, 0, 1, 1, 0, 1], boxScore: [0.5], textScore: [0.5] };
  await answering({}, async (repository, picture) => {
    await assert.rejects(repository.encodeImage(picture, { modelName: 'm' }), MlConnectionError);
    await assert.rejects(repository.detectFaces(picture, { modelName: 'm', minScore: 0.7 }), MlConnectionError);
    await assert.rejects(repository.ocr(picture, options), MlConnectionError);
  });
  for (const broken of [{ boxScore: [Infinity] }, { textScore: [NaN] }, { text: [] }, { box: [1] }]) {
    await answering({ ocr: { ...ocr, ...broken } }, (repository, picture) => assert.rejects(repository.ocr(picture, options), MlConnectionError));
  }
});
