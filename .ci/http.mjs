#!/usr/bin/env node
// The published gateway and daemon as Immich's server meets them: node .ci/http.mjs RELEASE_TREE
// Prints "ok WHAT" or "not ok WHAT" for each check. Node's own fetch, FormData and Blob speak HTTP; the built node-client the socket.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get as getTls } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MachineLearningRepository, MlClient } from '../src/node-client/out/src/index.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.env.MACHINE_LEARNING_HTTP_DRAIN_DELAY ??= '0';
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
let failures = 0, log = '';
const errors = () => log.split('\n').length;

function check(what, good, detail = '') {
  if (!good) failures++;
  console.log(`${good ? 'ok' : 'not ok'} ${what}${good || !detail ? '' : ` (${detail})`}`);
}

function start(program, args, environment, stderr = 'inherit') {
  // The rules of golden/predict.json.
  const env = { ...process.env, IMMICH_LOG_LEVEL: 'error', MACHINE_LEARNING_RULES: '2.7', ...environment };
  return spawn(join(release, program), args, { stdio: ['ignore', 'ignore', stderr], env });
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

/** The same of 3.3, by a daemon and a gateway of their own. */
async function golden33() {
  const newer = join(folder, '3.3.sock'), environment = { MACHINE_LEARNING_RULES: '3.3' };
  const other = start('immich-ml', ['serve', '--socket', newer, '--cache', cache], environment);
  await withGateway({ ...environment, IMMICH_ML_SOCKET: newer }, async () => {
    const address = `http://127.0.0.1:${port + 1}`;
    await until(async () => (await fetch(`${address}/ping`)).ok);
    for (const [name, expected] of Object.entries(JSON.parse(readFileSync(join(shared, 'golden', 'predict-3.3.json'))).legacy)) {
      const picture = readFileSync(corpus(name));
      const { status, body } = await predict({ ocr, ...clip('RN50__openai') }, picture, address);
      const { clip_probe: probe, ocr: { ocr: wanted } } = expected, read = body.ocr ?? {};
      check(`3.3: clip of ${name} over HTTP`, status === 200 && near(JSON.parse(body.clip), probe.embedding, 1e-6), JSON.stringify(body).slice(0, 200));
      check(`3.3: texts of ${name} over HTTP`, status === 200 && read.text.join('\n') === wanted.text.join('\n') && near(read.box, wanted.box, 1e-6)
        && near(read.boxScore, wanted.boxScore, 1e-6) && near(read.textScore, wanted.textScore, 2e-3), JSON.stringify(body).slice(0, 300));
    }
  });
  other.kill('SIGTERM');
}

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

/** Where Immich 3.3's HTTP differs from 2.7's, asked of a gateway of each. */
async function rules(picture) {
  const both = { ocr, ...clip('RN50__openai') };
  const detection = { ocr: { detection: { modelName: 'PP-OCRv5_mobile', options: { minScore: '0.5', maxResolution: true } } } };
  const digits = ({ body }) => Math.max(...body.ocr.boxScore.map((score) => String(score).replace(/^0\.0*/, '').length));
  const page = readFileSync(corpus('text/page.png'));
  const older = await predict(both, page);
  check('2.7: tasks are answered as asked for', Object.keys(older.body).join() === 'ocr,clip,imageHeight,imageWidth', JSON.stringify(older).slice(0, 200));
  check('2.7: scores of boxes are doubles', digits(older) > 9, JSON.stringify(older.body.ocr).slice(0, 200));
  check('2.7: no task is the size alone', (await predict({}, picture)).status === 200);
  await withGateway({ MACHINE_LEARNING_RULES: '3.3' }, async () => {
    const address = `http://127.0.0.1:${port + 1}`;
    const newer = await predict(both, page, address);
    check('3.3: tasks are answered in an order of their own', Object.keys(newer.body).join() === 'clip,ocr,imageHeight,imageWidth', JSON.stringify(newer).slice(0, 200));
    check('3.3: scores of boxes are float32', digits(newer) <= 9, JSON.stringify(newer.body.ocr).slice(0, 200));
    check('3.3: options may be text, whole numbers true', (await predict(detection, page, address)).status === 200);
    check('3.3: a name may be the hub\'s', (await predict(clip('immich-app/RN50::openai'), picture, address)).status === 200);
    for (const [what, entries, detail] of [
      ['no task', {}, 'No model task requested.'], ['a type that is null', { clip: { visual: null } }, 'No model task requested.'],
      ['an unknown task', { weather: { now: { modelName: 'x' } } }, 'Invalid request format.'],
      ['half a pixel', JSON.stringify(detection).replace('true', '736.5'), 'Invalid request format.'],
    ]) {
      const { status, body } = await predict(entries, picture, address);
      check(`3.3: ${what} is 422`, status === 422 && body.detail === detail, `${status} ${JSON.stringify(body)}`);
    }
    check('3.3: /status.json tells of both rules', await fetch(`${address}/status.json`).then((answer) => answer.json()).then(({ rules: http, daemon: { rules: numbers } }) => http === '3.3' && numbers === '2.7'));
  });
}

async function example() { // While all stood still, the gateway would close the connection that fetch keeps, unseen.
  const script = /```python\n([\s\S]*?)```/.exec(readFileSync(join(root, 'src', 'ImmichMl.Protocol', 'README.md'), 'utf8'))[1];
  check("README's Python example has at most 40 lines", script.trim().split('\n').length <= 40);
  writeFileSync(join(folder, 'example.py'), script);
  const { stdout: said } = await promisify(execFile)('python3', [join(folder, 'example.py'), corpus('photos/astronaut.png'), 'RN50__openai'], { env: { ...process.env, IMMICH_ML_SOCKET: socket }, encoding: 'utf8' });
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

function refused(what, environment, says, more = {}) {
  const ended = spawnSync(more.program ?? join(release, 'immich-ml-gateway'), more.args ?? [], {
    encoding: 'utf8', timeout: 20_000, env: { ...process.env, IMMICH_PORT: '0', IMMICH_HOST: '127.0.0.1', IMMICH_ML_SOCKET: socket, ...environment }, ...more,
  });
  const lines = (ended.stderr ?? '').trim().split('\n');
  check(`${what}: one line and exit code 3`, ended.status === 3 && lines.length === 1 && lines[0].includes(says), `${ended.status} ${ended.signal} ${ended.stderr}`);
}

function bindings() {
  refused('an address of another machine', { IMMICH_HOST: '192.0.2.1' }, 'no address of this machine');
  refused('a name that resolves to nothing', { IMMICH_HOST: 'no-such-host.invalid' }, 'resolves to none');
  refused('a port that is taken', { IMMICH_PORT: String(port) }, 'another program listens there');
  refused('a socket in a folder that is not there', { MACHINE_LEARNING_HTTP_SOCKET: join(folder, 'none', 'http.sock') }, 'folder is not there');
  refused('a socket path that is too long', { MACHINE_LEARNING_HTTP_SOCKET: join(folder, 'x'.repeat(120)) }, '107 at most');
  refused('a descriptor that nobody handed over', {}, 'descriptor 3', { program: 'sh', args: ['-c', `LISTEN_PID=$$ LISTEN_FDS=1 exec ${join(release, 'immich-ml-gateway')} 3>&-`] });
  const free = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  if (process.getuid() !== 0 || free <= 80) return console.log('unchecked port 80 as nobody: this user is not root, or everybody may have that port here');
  const program = join(folder, 'gateway');
  copyFileSync(join(release, 'immich-ml-gateway'), program);
  chmodSync(folder, 0o755);
  chmodSync(program, 0o755);
  refused('port 80 as nobody', { IMMICH_PORT: '80' }, 'port over 1023', { program, uid: 65534, gid: 65534, cwd: '/' });
}

/** A gateway of its own, until it is asked no more; what it logged comes back. */
async function withGateway(environment, use) {
  const child = spawn(join(release, 'immich-ml-gateway'), [], {
    stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, IMMICH_ML_SOCKET: socket, IMMICH_HOST: '127.0.0.1', IMMICH_PORT: String(port + 1), ...environment },
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const ended = new Promise((gone) => child.once('exit', gone));
  try {
    await until(async () => log.includes('Listening on'));
    await use();
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  return log;
}

async function withoutIPv6() {
  const library = join(folder, 'no-ipv6.so'), source = `#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int socket(int family, int type, int protocol) {
  return family == AF_INET6 ? (errno = EAFNOSUPPORT, -1) : (int)syscall(SYS_socket, family, type, protocol);
}
`;
  execFileSync('gcc', ['-shared', '-fPIC', '-o', library, '-x', 'c', '-'], { input: source });
  for (const [host, lines] of [['[::]', 1], ['localhost', 0]]) {
    let said;
    const log = await withGateway({ IMMICH_HOST: host, LD_PRELOAD: library }, async () => (said = await fetch(`http://127.0.0.1:${port + 1}/ping`).then((answer) => answer.text(), String)));
    check(`without IPv6 ${host} is listened on over IPv4`, said === 'pong', said + log);
    check(`without IPv6 ${host} costs ${lines} lines of log`, (log.match(/IPv6 is off/g) ?? []).length === lines, log);
  }
  refused('an IPv6 address without IPv6', { IMMICH_HOST: '::1', LD_PRELOAD: library }, 'IPv6 is off');
}

/** The status line of the answer to bytes as they are, or what happened instead. */
function raw(bytes) {
  return new Promise((resolve) => {
    const peer = connect(port, '127.0.0.1', () => peer.write(bytes));
    peer.setTimeout(10_000, () => (resolve('nothing'), peer.destroy()));
    peer.once('data', (chunk) => (resolve(chunk.toString('latin1').split('\r\n')[0]), peer.destroy()));
    peer.once('error', (error) => resolve(String(error)));
    peer.once('close', () => resolve('closed'));
  });
}

async function routes() {
  const answers = async (what, wanted, path, options = {}) => {
    const answer = await fetch(`${url}${path}`, { redirect: 'manual', ...options });
    check(what, answer.status === wanted, `${answer.status}`);
    return answer.headers;
  };
  check('/ping/ leads to /ping', (await answers('/ping/ is 307', 307, '/ping/')).get('location') === `${url}/ping`);
  await answers('POST /predict/ is 307', 307, '/predict/', { method: 'POST', body: 'x' });
  check('HEAD /ping is 405 and allows GET', (await answers('HEAD /ping is 405', 405, '/ping', { method: 'HEAD' })).get('allow') === 'GET');
  const ask = (method, path, headers) => `${method} ${path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`;
  for (const [what, request, status] of [
    ['a form of another site', ask('POST', '/predict', `Host: nas:3003\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n`), 403],
    ['a form of another site over plain HTTP', ask('POST', '/predict', `Host: nas:3003\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n`), 403],
    ['/status.json by a name that anybody can point here', ask('GET', '/status.json', 'Host: evil.example\r\n'), 403],
    ['/status.json by a name without dots', ask('GET', '/status.json', 'Host: nas:3003\r\n'), 200],
    ["/predict by any name, as Immich's server asks", ask('POST', '/predict', 'Host: ml.example.com\r\nSec-Fetch-Mode: cors\r\nContent-Length: 0\r\n'), 422],
    ['a bare line feed', 'GET /ping HTTP/1.1\nHost: x\n\n', 400],
    ['Content-Length: +6', 'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: +6\r\n\r\nabcdef', 400],
  ]) {
    const line = await raw(request);
    check(`${what} is ${status}`, line.startsWith(`HTTP/1.1 ${status} `), line);
  }
}

/** A chain of three as an authority hands it out, and keys of other kinds. */
async function tls() {
  const at = (name) => join(folder, name), openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  writeFileSync(at('ca.cnf'), 'basicConstraints=critical,CA:TRUE\n');
  writeFileSync(at('leaf.cnf'), 'basicConstraints=CA:FALSE\nsubjectAltName=DNS:ml.test,IP:127.0.0.1\n');
  const key = (name) => openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at(`${name}.key`));
  for (const name of ['root', 'middle', 'leaf']) key(name);
  openssl('req', '-x509', '-new', '-key', at('root.key'), '-subj', '/CN=root', '-days', '9', '-out', at('root.pem'));
  for (const [name, issuer, file] of [['middle', 'root', 'ca.cnf'], ['leaf', 'middle', 'leaf.cnf']]) {
    openssl('req', '-new', '-key', at(`${name}.key`), '-subj', `/CN=${name}`, '-out', at(`${name}.csr`));
    openssl('x509', '-req', '-in', at(`${name}.csr`), '-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-CAcreateserial', '-days', '8', '-extfile', at(file), '-out', at(`${name}.pem`));
  }
  writeFileSync(at('fullchain.pem'), readFileSync(at('leaf.pem'), 'utf8') + readFileSync(at('middle.pem'), 'utf8'));
  const files = { MACHINE_LEARNING_TLS_CERTIFICATE: at('fullchain.pem'), MACHINE_LEARNING_TLS_KEY: at('leaf.key') };
  await withGateway(files, async () => {
    const said = await new Promise((resolve) => getTls({ port: port + 1, host: '127.0.0.1', path: '/', ca: readFileSync(at('root.pem')) }, (answer) => resolve(answer.statusCode)).on('error', (e) => resolve(String(e))));
    check('Node believes the chain of fullchain.pem by its root alone', said === 200, said);
    const curl = spawnSync('curl', ['-sS', '--cacert', at('root.pem'), `https://127.0.0.1:${port + 1}/`], { encoding: 'utf8' });
    if (curl.error) console.log('unchecked curl and fullchain.pem: there is no curl');
    else check('curl believes the chain of fullchain.pem by its root alone', curl.status === 0, curl.stderr);
  });
  openssl('pkey', '-in', at('leaf.key'), '-aes256', '-passout', 'pass:secret', '-out', at('locked.key'));
  refused('an encrypted key', { ...files, MACHINE_LEARNING_TLS_KEY: at('locked.key') }, 'is encrypted');
  openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', at('ed.key'), '-out', at('ed.pem'), '-subj', '/CN=x');
  refused('an Ed25519 key', { MACHINE_LEARNING_TLS_CERTIFICATE: at('ed.pem'), MACHINE_LEARNING_TLS_KEY: at('ed.key') }, 'Ed25519');
}

/** Bodies that stop or drip, while others ask. */
async function halfSent(what, count, announced, sent, seconds, picture, drip = 0) {
  const start = `POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${announced}\r\n\r\n--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n`;
  let open = count;
  const peers = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}).resume().once('close', () => open--));
  for (const peer of peers) peer.write(start), peer.write(Buffer.alloc(sent));
  const dripping = drip && setInterval(() => peers.forEach((peer) => peer.writable && peer.write(Buffer.alloc(drip))), 1000);
  const answers = [], begin = performance.now(), said = errors();
  while (performance.now() - begin < seconds * 1000 && open > 0) {
    // A connection that fetch kept may have been closed; a new one may not.
    answers.push((await predict({}, picture).catch(() => predict({}, picture))).status);
    await delay(500);
  }
  clearInterval(dripping);
  check(`${what}: others are served meanwhile`, answers.length > 0 && answers.every((status) => status === 200), answers.join());
  check(`${what}: the log stays quiet`, errors() === said, log.slice(-300));
  if (!drip) check(`${what}: gone within ${seconds} s`, open === 0, `${open} are open`);
  for (const peer of peers) peer.destroy();
}

let daemon = startDaemon();
const gateway = start('immich-ml-gateway', [], { IMMICH_ML_SOCKET: socket, IMMICH_HOST: '127.0.0.1', IMMICH_PORT: String(port) }, 'pipe');
gateway.stderr.on('data', (chunk) => ((log += chunk), process.stderr.write(chunk)));
const repository = new MachineLearningRepository(new MlClient({ path: socket }));
try {
  check('/ping says pong', await until(async () => (await (await fetch(`${url}/ping`)).text()) === 'pong'));
  const size = statSync(join(release, 'immich-ml-gateway')).size;
  check('the gateway takes 12.3 MB at most', size <= 12_300_000, `${size}`);
  const idle = residentKb(daemon) + residentKb(gateway);
  check('both programs take 45 MB at most before work', idle <= 45_000, `${idle} kB`);
  console.log(`resident: daemon ${residentKb(daemon)} kB, gateway ${residentKb(gateway)} kB`);
  check('/ says who it is', (await (await fetch(url)).text()) === '{"message":"Immich ML"}');
  const picture = readFileSync(corpus('photos/astronaut.png'));
  await golden(repository);
  await others(repository, picture);
  await rules(picture);
  await golden33();
  await example();
  const metrics = await (await fetch(`${url}/metrics`)).text();
  check('every line of /metrics is of the format', metrics.trim().split('\n').every((line) => /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? (\S+))$/.test(line)));
  await routes();
  bindings();
  await withoutIPv6();
  await tls();
  await halfSent('50 half-sent bodies of 10 MB', 50, 20_000_000, 10_000_000, 60, picture);
  await halfSent('512 senders of 300 bytes a second', 512, 1_000_000, 300, 15, picture, 300);
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
