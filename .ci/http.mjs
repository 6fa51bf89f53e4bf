#!/usr/bin/env node
// The published gateway and daemon as Immich's server meets them: node .ci/http.mjs RELEASE_TREE
// Prints "ok WHAT" or "not ok WHAT" for each check. Node's own fetch, FormData and Blob speak HTTP; the built node-client the socket.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MachineLearningRepository, MlClient } from '../src/node-client/out/src/index.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const shared = process.env.IMMICH_ML_SHARED ?? join(dirname(root), 'shared');
const release = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'immich-ml-http-'));
const socket = join(folder, 'ml.sock');
const port = 20_000 + (process.pid % 20_000);
const url = `http://127.0.0.1:${port}`;
const corpus = (name) => join(shared, 'corpus', name);
// The shared models, and for faces our own; copies, since links out of a cache are not followed.
const cache = join(folder, 'cache');
mkdirSync(cache);
for (const task of ['clip', 'ocr']) cpSync(join(shared, 'models', 'cache', task), join(cache, task), { recursive: true });
cpSync(join(root, 'models', 'demo', 'facial-recognition'), join(cache, 'facial-recognition'), { recursive: true });
let failures = 0;

function check(what, good, detail = '') {
  if (!good) failures++;
  console.log(`${good ? 'ok' : 'not ok'} ${what}${good || !detail ? '' : ` (${detail})`}`);
}

function start(program, args, environment) {
  return spawn(join(release, program), args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, IMMICH_LOG_LEVEL: 'error', ...environment } });
}

const startDaemon = () => start('immich-ml', ['serve', '--socket', socket, '--cache', cache], {});

async function until(good) {
  for (let i = 0; i < 200; i++) {
    if (await good().catch(() => false)) return true;
    await delay(50);
  }
  return false;
}

/** As Immich's server asks: entries first, then a Blob without a name, or a text. */
async function predict(entries, input, address = url) {
  const form = new FormData();
  form.append('entries', typeof entries === 'string' ? entries : JSON.stringify(entries));
  if (typeof input === 'string') form.append('text', input);
  else if (input) form.append('image', new Blob([new Uint8Array(input)]));
  const answer = await fetch(new URL('/predict', address), { method: 'POST', body: form });
  return { status: answer.status, body: await answer.json() };
}

const residentKb = ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const near = (a, b, tolerance) => a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) <= tolerance);
const clip = (modelName) => ({ clip: { visual: { modelName } } });
const ocr = { detection: { modelName: 'PP-OCRv5_mobile', options: { minScore: 0.5, maxResolution: 736 } }, recognition: { modelName: 'PP-OCRv5_mobile', options: { minScore: 0.8 } } };
const faces = (modelName, minScore = 0.7) => ({ 'facial-recognition': { detection: { modelName, options: { minScore } }, recognition: { modelName } } });

async function golden(repository) {
  for (const [name, expected] of Object.entries(JSON.parse(readFileSync(join(shared, 'golden', 'predict.json'))))) {
    const picture = readFileSync(corpus(name));
    const { status, body } = await predict(clip('RN50__openai'), picture);
    const embedding = status === 200 ? JSON.parse(body.clip) : [];
    const { clip_probe: probe, ocr: texts } = expected;
    check(`clip of ${name} over HTTP`, near(embedding, probe.embedding, 1e-5) && body.imageWidth === probe.imageWidth && body.imageHeight === probe.imageHeight, JSON.stringify(body).slice(0, 200));
    const other = await repository.encodeImage(corpus(name), { modelName: 'RN50__openai' });
    check(`clip of ${name} over the socket is the same float32`, near(JSON.parse(other).map(Math.fround), embedding.map(Math.fround), 0));
    const read = await predict({ ocr }, picture);
    const same = read.status === 200 && read.body.ocr.text.join('\n') === texts.ocr.text.join('\n') && near(read.body.ocr.box, texts.ocr.box, 0.01)
      && near(read.body.ocr.textScore, texts.ocr.textScore, 0.03) && Object.keys(read.body).join() === 'ocr,imageHeight,imageWidth'
      && Object.keys(read.body.ocr).join() === 'text,box,boxScore,textScore';
    check(`texts of ${name} over HTTP`, same, JSON.stringify(read.body).slice(0, 300));
  }
}

async function others(repository, picture) {
  const text = await predict({ clip: { textual: { modelName: 'ViT-B-32__openai', options: {} } } }, 'a cat');
  check('clip of a text over HTTP', text.status === 200 && Object.keys(text.body).join() === 'clip' && JSON.parse(text.body.clip).length > 0, JSON.stringify(text).slice(0, 200));
  const ids = JSON.parse((await predict({ clip: { textual: { modelName: 'RN50__openai' } } }, 'a photo of a cat')).body.clip);
  check('a text has the token ids of the original', near(ids.slice(0, 7), [49406, 320, 1125, 539, 320, 2368, 49407], 0), ids.slice(0, 7).join());
  const seen = (await predict(faces('synthetic__demo', 0.1), picture)).body['facial-recognition'];
  const ofSocket = (await repository.detectFaces(corpus('photos/astronaut.png'), { modelName: 'synthetic__demo', minScore: 0.1 })).faces;
  check('faces over HTTP are those of the socket, with box, score and embedding', seen.length > 0 && seen.length === ofSocket.length && seen.every((face, i) =>
    Object.keys(face).join() === 'boundingBox,embedding,score' && Object.keys(face.boundingBox).join() === 'x1,y1,x2,y2' && JSON.parse(face.embedding).length > 0
    && face.embedding === ofSocket[i].embedding && face.boundingBox.x1 === ofSocket[i].boundingBox.x1), JSON.stringify(seen).slice(0, 200));
  const unknown = await predict(faces('nobody__knows'), picture);
  check('faces with an unknown model are 404 with detail', unknown.status === 404 && typeof unknown.body.detail === 'string', JSON.stringify(unknown));
  const alone = await predict({ 'facial-recognition': { recognition: { modelName: 'buffalo_l' } } }, picture);
  check('recognition without detection is 400', alone.status === 400 && /facial-recognition/.test(alone.body.detail), JSON.stringify(alone));
  const empty = await predict({}, readFileSync(corpus('hostile/bad_sof_w0.jpg')));
  check('no width is 400 with the agreed words', empty.status === 400 && empty.body.detail === 'Image has zero width or height', JSON.stringify(empty));
  const found = await repository.ocr(corpus('text/text.png'), { modelName: 'PP-OCRv5_mobile', minDetectionScore: 0.5, minRecognitionScore: 0.9, maxResolution: 736 });
  check("ocr by the client's repository has four lists in step", found.box.length === found.text.length * 8 && found.textScore.length === found.text.length);
}

function example() {
  const script = /```python\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))[1];
  check("README's Python example has at most 40 lines", script.trim().split('\n').length <= 40);
  writeFileSync(join(folder, 'example.py'), script);
  const said = execFileSync('python3', [join(folder, 'example.py'), corpus('photos/astronaut.png'), 'RN50__openai'], { env: { ...process.env, IMMICH_ML_SOCKET: socket }, encoding: 'utf8' });
  check("README's Python example gets an embedding", said.includes('512 numbers of a picture of 512 x 512'), said);
}

async function restart(daemon, picture) {
  daemon.kill('SIGTERM');
  await new Promise((gone) => daemon.once('exit', gone));
  check('/ping is 503 without the daemon', (await fetch(`${url}/ping`)).status === 503);
  const waiting = predict({}, picture);
  await delay(300);
  const next = startDaemon();
  check('a prediction waits for a daemon that is restarted', (await waiting).status === 200);
  check('/ping says pong again', (await (await fetch(`${url}/ping`)).text()) === 'pong');
  return next;
}

let daemon = startDaemon();
const gateway = start('immich-ml-gateway', [], { IMMICH_ML_SOCKET: socket, IMMICH_HOST: '127.0.0.1', IMMICH_PORT: String(port) });
const repository = new MachineLearningRepository(new MlClient({ path: socket }));
try {
  check('/ping says pong', await until(async () => (await (await fetch(`${url}/ping`)).text()) === 'pong'));
  const size = statSync(join(release, 'immich-ml-gateway')).size;
  check('the gateway takes 12 MB at most', size <= 12_000_000, `${size}`);
  const idle = residentKb(daemon) + residentKb(gateway);
  check('both programs take 45 MB at most before work', idle <= 45_000, `${idle} kB`);
  console.log(`resident: daemon ${residentKb(daemon)} kB, gateway ${residentKb(gateway)} kB`);
  check('/ says who it is', (await (await fetch(url)).text()) === '{"message":"Immich ML"}');
  const picture = readFileSync(corpus('photos/astronaut.png'));
  await golden(repository);
  await others(repository, picture);
  example();
  const metrics = await (await fetch(`${url}/metrics`)).text();
  check('every line of /metrics is of the format', metrics.trim().split('\n').every((line) => /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? (\S+))$/.test(line)));
  daemon = await restart(daemon, picture);
} finally {
  repository.teardown();
  for (const child of [gateway, daemon]) {
    const ended = new Promise((gone) => child.once('exit', (code) => gone(code)));
    child.kill('SIGTERM');
    check(`${child.spawnfile.split('/').pop()} ends with 0`, (await ended) === 0);
  }
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failures ? 1 : 0);
