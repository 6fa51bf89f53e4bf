#!/usr/bin/env node
// More than one box: node .ci/scale.mjs RELEASE_TREE [long|short [PART,PART…]]
// packaging/scale's own HAProxy and nginx files over gateways on loopback, which are restarted, killed and stopped under load in Immich's
// form; then a gateway in front of others, whose box goes away. "long" takes the times and numbers that README speaks of, and tells figures.
// Prints "ok WHAT" or "not ok WHAT" for each check, "unchecked" where a program cannot be had.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url))), release = resolve(process.argv[2]), long = process.argv[3] === 'long';
const scale = join(root, 'packaging', 'scale'), folder = mkdtempSync(join(tmpdir(), 'immich-ml-scale-'));
const first = 12_000 + (process.pid % 400) * 20, image = readFileSync(join(root, 'tests', 'golden', 'images', readdirSync(join(root, 'tests', 'golden', 'images')).filter((name) => name.endsWith('.png')).sort()[0]));
const model = { modelName: 'synthetic__demo' };
const entries = {
  clip: JSON.stringify({ clip: { visual: model } }), search: JSON.stringify({ clip: { textual: model } }),
  faces: JSON.stringify({ 'facial-recognition': { detection: { ...model, options: { minScore: 0.5 } }, recognition: model } }),
};
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(IMMICH_|MACHINE_LEARNING_|LISTEN)/.test(name)));
const children = new Set();
let failures = 0, ports = first;

function check(what, good, detail = '') {
  if (!good) failures++;
  console.log(`${good ? 'ok' : 'not ok'} ${what}${good || detail === '' ? '' : ` (${detail})`}`);
}

function start(program, args, more) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...environment, MACHINE_LEARNING_DOWNLOAD: 'off', MACHINE_LEARNING_PREPARE_MODELS: 'false', IMMICH_LOG_LEVEL: 'warn', ...more } });
  child.log = '';
  child.stderr.on('data', (piece) => (child.log = (child.log + piece).slice(-4000)));
  child.gone = new Promise((end) => child.once('exit', (code, signal) => (children.delete(child), end(signal ?? code))));
  children.add(child);
  return child;
}

async function until(what, condition, seconds = 120) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await delay(50)) if (await condition()) return;
  throw new Error(`${what} did not come about within ${seconds} s`);
}

const status = (url) => fetch(url, { signal: AbortSignal.timeout(3000) }).then(async (answer) => (await answer.arrayBuffer(), answer.status), () => 0);

/** The daemon with its gateway; what it was started with is kept, for it comes back. */
class Box {
  constructor(name, more = {}) {
    [this.name, this.more, this.port, this.agent] = [name, more, ports++, ports++];
    this.url = `http://127.0.0.1:${this.port}`;
  }
  async start() {
    this.child = start(join(release, 'immich-ml'), ['serve', '--socket', join(folder, `${this.name}.sock`), '--cache', join(root, 'models', 'demo'), '--http', `127.0.0.1:${this.port}`], { MACHINE_LEARNING_AGENT_PORT: `${this.agent}`, MACHINE_LEARNING_HTTP_DRAIN_DELAY: '2', ...this.more });
    await until(`${this.name}: ready`, async () => (await status(`${this.url}/ready`)) === 200);
    return this;
  }
  async stop() {
    this.child.kill('SIGTERM');
    return this.child.gone;
  }
  /** The daemon alone is killed; its gateway ends with it, and with it the port is free. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.child.gone;
    await until(`${this.name}: its port is free`, async () => (await status(`${this.url}/ping`)) === 0);
  }
  pids() {
    return [this.child.pid, ...execFileSync('pgrep', ['-P', `${this.child.pid}`], { encoding: 'utf8' }).split('\n').filter(Boolean).map(Number)];
  }
}

/** A gateway of its own, without a daemon or beside one. */
function gateway(more, port = ports++) {
  const child = start(join(release, 'immich-ml-gateway'), [], { IMMICH_HOST: '127.0.0.1', IMMICH_PORT: `${port}`, IMMICH_ML_SOCKET: join(folder, 'nobody.sock'), MACHINE_LEARNING_HTTP_DRAIN_DELAY: '0', ...more });
  return { child, url: `http://127.0.0.1:${port}`, peak: () => Number(readFileSync(`/proc/${child.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]) / 1000 };
}

/** As Immich's server asks: Node's fetch, a form, entries first. */
async function ask(url, kind, picture = image) {
  const form = new FormData();
  form.append('entries', entries[kind]);
  if (kind === 'search') form.append('text', `a cat ${Math.trunc(performance.now())}`);
  else form.append('image', new Blob([picture]));
  const begun = performance.now();
  try {
    const answer = await fetch(`${url}/predict`, { method: 'POST', body: form });
    const text = await answer.text();
    return { status: answer.status, text, ms: performance.now() - begun, good: answer.status === 200 && text.startsWith(kind === 'faces' ? '{"facial' : '{"clip":"[') };
  } catch (error) {
    return { status: 0, text: String(error.cause ?? error), ms: performance.now() - begun, good: false };
  }
}

/** Users who ask one after the other until they are told to stop. */
function load(url, users, kinds = ['clip', 'faces'], pause = 5) {
  const answers = [];
  let isOver = false;
  const all = Promise.all(Array.from({ length: users }, async (_, user) => {
    for (let i = user; !isOver; i++, await delay(pause)) answers.push(await ask(url, kinds[i % kinds.length]));
  }));
  return { answers, stop: async () => ((isOver = true), await all, answers) };
}

const p = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
const faults = (answers) => answers.filter((one) => !one.good).slice(0, 3).map((one) => `${one.status} ${one.text.slice(0, 100)}`).join('; ');

/** HAProxy's own count of what each box was given. */
function served(socket) {
  return new Promise((end, fail) => {
    let text = '';
    connect(socket).on('data', (piece) => (text += piece)).on('error', fail).on('end', () => {
      const [head, ...lines] = text.trim().split('\n').map((line) => line.replace(/^# /, '').split(','));
      const at = (name) => head.indexOf(name), counts = {};
      for (const line of lines) if (line[at('svname')].startsWith('box')) counts[line[at('svname')]] = (counts[line[at('svname')]] ?? 0) + Number(line[at('stot')]);
      end(counts);
    }).write('show stat\n');
  });
}

async function behindHaproxy() {
  if (spawnSync('haproxy', ['-v']).status !== 0) return console.log('unchecked HAProxy: it is not here');
  const boxes = ['a', 'b', 'c'].map((name) => new Box(name)), socket = join(folder, 'haproxy.sock'), port = ports++;
  await Promise.all(boxes.slice(0, 2).map((box) => box.start()));
  writeFileSync(join(folder, 'stats.cfg'), `global\n    stats socket ${socket} mode 600\n`);
  const places = Object.fromEntries(boxes.flatMap((box, i) => [[`FACES${i + 1}`, `127.0.0.1:${box.port}`], [`CLIP${i + 1}`, `127.0.0.1:${box.port}`], [`FACES${i + 1}_AGENT`, `${box.agent}`]]));
  const proxy = start('haproxy', ['-f', join(scale, 'haproxy.cfg'), '-f', join(folder, 'stats.cfg')], { ...places, LISTEN: `127.0.0.1:${port}` }), url = `http://127.0.0.1:${port}`;
  await until('HAProxy', async () => (await status(`${url}/ready`)) === 200);
  const before = await status(`${url}/ping`), users = load(url, 8, undefined, long ? 0 : 10), [a, b, c] = boxes;
  await delay(1000);
  for (const box of [a, b]) {
    check(`${box.name} that is told to stop ends with 0 under load`, (await box.stop()) === 0, box.child.log);
    await box.start();
    await delay(1500);
  }
  await a.kill();
  await a.start();
  await delay(1500);
  const frozen = b.pids();
  frozen.forEach((pid) => process.kill(pid, 'SIGSTOP'));
  await delay(long ? 20_000 : 4000);
  frozen.forEach((pid) => process.kill(pid, 'SIGCONT'));
  if (long) await delay(20_000);
  const two = await served(socket), all = two.box1 + two.box2;
  check('HAProxy over two boxes, both restarted, one killed, one frozen: each has served 30 %', Math.min(two.box1, two.box2) >= 0.3 * all, JSON.stringify(two));
  await c.start();
  await delay(long ? 9000 : 5000);
  const three = await served(socket), grown = ['box1', 'box2', 'box3'].map((name) => three[name] - (two[name] ?? 0));
  check('a third that joins gets 20 % within 10 s', grown[2] >= 0.2 * grown.reduce((sum, one) => sum + one), grown);
  const answers = await users.stop(), bad = answers.filter((one) => !one.good);
  check(`none of ${answers.length} requests failed meanwhile, and the proxy answered pings`, answers.length >= 50 && bad.length === 0 && before === 200, `${bad.length}: ${faults(answers)}; ${proxy.log}`);
  console.log(`# HAProxy: ${answers.length} requests, ${JSON.stringify(two)}, with a third ${JSON.stringify(grown)}, p50 ${p(answers.map((one) => one.ms), 0.5).toFixed(1)} ms, slowest ${p(answers.map((one) => one.ms), 1).toFixed(0)} ms`);
  proxy.kill('SIGTERM');
  await Promise.all([proxy.gone, ...boxes.map((box) => box.stop())]);
}

async function behindNginx() {
  if (spawnSync('nginx', ['-v']).error) return console.log('unchecked nginx: it is not here');
  const boxes = ['d', 'e'].map((name) => new Box(name)), port = ports++;
  await Promise.all(boxes.map((box) => box.start()));
  const site = readFileSync(join(scale, 'nginx.conf'), 'utf8').replace('192.168.1.21:3003', `127.0.0.1:${boxes[0].port}`).replace('192.168.1.22:3003', `127.0.0.1:${boxes[1].port}`).replace('listen 3003', `listen 127.0.0.1:${port}`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
  writeFileSync(join(folder, 'nginx.conf'), `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr error; events {} http { access_log off; ${paths} ${site} }`);
  const proxy = start('nginx', ['-c', join(folder, 'nginx.conf')], {}), url = `http://127.0.0.1:${port}`;
  await until('nginx', async () => (await status(`${url}/ready`)) === 200);
  const users = load(url, 8, undefined, 10);
  await delay(500);
  for (const box of boxes) {
    await box.stop();
    await delay(500);
    await box.start();
    await delay(1500);
  }
  await boxes[0].kill();
  await boxes[0].start();
  const answers = await users.stop(), bad = answers.filter((one) => !one.good);
  check(`nginx over two boxes, both restarted, one killed: none of ${answers.length} requests failed`, answers.length >= 50 && bad.length === 0, `${bad.length}: ${faults(answers)}`);
  proxy.kill('SIGTERM');
  await Promise.all([proxy.gone, ...boxes.map((box) => box.stop())]);
}

/** A small box with a daemon of its own for searches, and a large one that is killed under a backlog. */
async function twoBoxes() {
  const small = new Box('f'), large = new Box('g'), backlog = long ? 200 : 60;
  await Promise.all([small.start(), large.start()]);
  const front = gateway({ IMMICH_ML_SOCKET: join(folder, 'f.sock'), MACHINE_LEARNING_UPSTREAMS: large.url, MACHINE_LEARNING_UPSTREAMS__CLIP__TEXTUAL: 'local,remote' });
  await until('the gateway in front', async () => (await status(`${front.url}/ready`)) === 200);
  const quiet = [];
  for (let i = 0; i < (long ? 300 : 100); i++) quiet.push(await ask(front.url, 'search'));
  await large.kill();
  const asked = Array.from({ length: backlog }, (_, i) => ask(front.url, i % 2 ? 'clip' : 'faces'));
  await until('all are held', async () => (await (await fetch(`${front.url}/status.json`)).json()).held === backlog);
  const meanwhile = [], end = Date.now() + (long ? 60_000 : 4000);
  while (Date.now() < end || meanwhile.length < quiet.length) meanwhile.push(await ask(front.url, 'search'));
  await large.start();
  const answers = await Promise.all(asked), [before, after] = [quiet, meanwhile].map((some) => p(some.map((one) => one.ms), 0.95));
  check(`a box that is away under a backlog of ${backlog}: none failed, no search either`, [...answers, ...quiet, ...meanwhile].every((one) => one.good), faults([...answers, ...quiet, ...meanwhile]));
  // A shared machine's noise is more than what is asked for; "long" is for a quiet one.
  check('searches go on as before', after <= before * (long ? 1.5 : 5) + (long ? 0 : 100), `p95 ${before.toFixed(1)}, then ${after.toFixed(1)} ms`);
  console.log(`# two boxes: search p95 ${before.toFixed(2)} ms, with ${backlog} held ${after.toFixed(2)} ms; the gateway took ${front.peak().toFixed(0)} MB at most`);
  front.child.kill('SIGTERM');
  await Promise.all([front.child.gone, small.stop(), large.stop()]);
}

/** Nobody is there: all is held within the budget, the box is woken once, and answers when it is back. */
async function allAway() {
  const box = new Box('h'), count = long ? 200 : 40, budget = count * 1_100_000, woken = join(folder, 'woken');
  const front = gateway({ MACHINE_LEARNING_UPSTREAMS: `${box.url},http://127.0.0.1:${ports++}`, MACHINE_LEARNING_HTTP_BODY_BYTES_IN_FLIGHT: `${budget}`, MACHINE_LEARNING_WAKE: `/bin/sh -c 'echo woken >> ${woken}'` });
  // A bitmap of a megabyte: what is behind its pixels is not looked at.
  const picture = Buffer.concat([image, Buffer.alloc(1_000_000 - image.length)]), begun = Date.now();
  await until('the gateway in front', async () => (await status(`${front.url}/ping`)) === 200);
  const asked = Array.from({ length: count }, () => ask(front.url, 'clip', picture));
  let held = 0;
  await until('all are held', async () => (held = (await (await fetch(`${front.url}/status.json`)).json()).held) === count).catch((error) => { throw new Error(`${error.message}: ${held} of ${count}; ${front.child.log}`); });
  const more = await ask(front.url, 'clip', Buffer.alloc(count * 100_000 + 1_000_000)), pings = [];
  check('what is over the budget is told so at once', more.status === 503 && more.ms < 1000, `${more.status} in ${more.ms.toFixed(0)} ms`);
  for (const end = begun + (long ? 120_000 : 4000); Date.now() < end; await delay(500)) pings.push(await status(`${front.url}/ping`));
  await box.start();
  const answers = await Promise.all(asked), wakes = readFileSync(woken, 'utf8');
  check(`none of ${count} requests of 1 MB failed that nobody could answer for a while`, answers.every((one) => one.good), faults(answers));
  check('the box was woken once, and pings were answered', wakes === 'woken\n' && pings.every((one) => one === 200), `${wakes} ${pings}`);
  check('the gateway took the budget and 60 MB at most', front.peak() <= budget / 1e6 + 60, `${front.peak()} MB of ${budget / 1e6}`);
  console.log(`# all away: ${count} held for ${((Date.now() - begun) / 1000).toFixed(0)} s, the gateway took ${front.peak().toFixed(0)} MB at most with a budget of ${(budget / 1e6).toFixed(0)}; one more: ${more.ms.toFixed(0)} ms`);
  front.child.kill('SIGTERM');
  await Promise.all([front.child.gone, box.stop()]);
}

/** Against the API's schemas, which npm has. */
async function kubernetes() {
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, 'kubernetes-models@5', '@kubernetes-models/keda@2', 'yaml@2'], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    return console.log('unchecked the Kubernetes files: npm gives no schemas');
  }
  const { parseAllDocuments } = createRequire(join(folder, 'package.json'))('yaml');
  const packages = { 'apps/v1': 'kubernetes-models/apps/v1', v1: 'kubernetes-models/v1', 'policy/v1': 'kubernetes-models/policy/v1', 'keda.sh/v1alpha1': '@kubernetes-models/keda/keda.sh/v1alpha1' };
  const wrong = [], kinds = [];
  const models = async (group) => import(pathToFileURL(join(folder, 'node_modules', packages[group], 'index.js')));
  for (const name of readdirSync(join(scale, 'kubernetes'))) {
    for (const document of parseAllDocuments(readFileSync(join(scale, 'kubernetes', name), 'utf8'))) {
      const object = document.toJS();
      kinds.push(object.kind);
      try {
        new (await models(object.apiVersion))[object.kind](object).validate();
      } catch (error) {
        wrong.push(`${name}: ${error.message}`);
      }
    }
  }
  let refused = false;
  try {
    new (await models('apps/v1')).Deployment({ metadata: { name: 'x' }, spec: { replicas: 'two' } }).validate();
  } catch {
    refused = true;
  }
  check(`the Kubernetes files fit the API's schemas: ${kinds}`, wrong.length === 0 && kinds.length >= 5, wrong.join('; '));
  check('which refuse what does not', refused);
}

try {
  for (const part of [kubernetes, behindHaproxy, behindNginx, twoBoxes, allAway]) {
    if (process.argv[4] && !process.argv[4].split(',').includes(part.name)) continue;
    await part().catch((error) => check(part.name, false, error.stack));
  }
} finally {
  // What was started here, and by process id alone.
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([...children].map((child) => child.gone));
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
}
process.exit(failures ? 1 : 0);
