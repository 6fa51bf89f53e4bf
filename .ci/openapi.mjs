#!/usr/bin/env node
// The description of the HTTP face: node .ci/openapi.mjs RELEASE_TREE
// Valid by a public validator from npm (@seriousme/openapi-schema-validator), and true: what the published programs answer is held against
// its schemas (ajv). Prints "ok WHAT" or "not ok WHAT" for each check, "unchecked" where npm gives nothing.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const release = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'immich-ml-openapi-'));
const port = 50_000 + (process.pid % 9_000);
const url = `http://127.0.0.1:${port}`;
let failures = 0;

function check(what, good, detail = '') {
  if (!good) failures++;
  console.log(`${good ? 'ok' : 'not ok'} ${what}${good || !detail ? '' : ` (${detail})`}`);
}

function tools() {
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, '@seriousme/openapi-schema-validator@2', 'ajv@8'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return createRequire(join(folder, 'package.json'));
}

/** JSON Schema 2020-12, which OpenAPI 3.1's schemas are; formats and encodings of content say nothing to ajv. */
function schemas(require, description) {
  const { default: Ajv } = require('ajv/dist/2020.js');
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: 'face', components: description.components });
  return (schema) => {
    const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"face#/components/')));
    return (value) => (validate(value) ? '' : ajv.errorsText(validate.errors));
  };
}

async function form(entries, image, text) {
  const body = new FormData();
  if (entries !== undefined) body.append('entries', entries);
  if (image) body.append('image', new Blob([image]));
  if (text !== undefined) body.append('text', text);
  return body;
}

async function compare(description, compile) {
  const images = join(root, 'tests', 'golden', 'images');
  const picture = readFileSync(join(images, readdirSync(images).filter((name) => name.endsWith('.png')).sort()[0]));
  const name = { modelName: 'synthetic__demo' }, low = { ...name, options: { minScore: 0.01 } };
  const all = { clip: { visual: name, textual: null }, 'facial-recognition': { detection: low, recognition: name }, ocr: { detection: name, recognition: name } };
  const entriesFit = compile(description.components.schemas.Entries);
  check('what Immich asks is of the form that is described', entriesFit(all) === '', entriesFit(all));
  check('what it does not ask is not', entriesFit({ weather: {} }) !== '' && entriesFit({ clip: { visual: { name: 'x' } } }) !== '' && entriesFit({}) !== '');
  const asks = [
    ['get', '/', 200], ['get', '/ping', 200], ['get', '/ready', 200], ['get', '/metrics', 200], ['get', '/status', 200], ['get', '/status.json', 200], ['get', '/openapi.json', 200],
    ['post', '/predict', 200, form(JSON.stringify(all), picture)], ['post', '/predict', 200, form(JSON.stringify({ clip: { textual: name } }), null, 'a cat')],
    ['post', '/predict', 400, form(JSON.stringify(all))], ['post', '/predict', 404, form(JSON.stringify({ clip: { visual: { modelName: 'none' } } }), picture)],
    ['post', '/predict', 415, form(JSON.stringify(all), 'no picture')], ['post', '/predict', 422, form()], ['post', '/predict', 422, form('{"weather":{}}', picture)],
    ['get', '/v2', 200], ['get', '/v2/health/live', 200], ['get', '/v2/health/ready', 200],
    ['get', '/v2/models/synthetic__demo', 200], ['get', '/v2/models/synthetic__demo/ready', 200], ['get', '/v2/models/none', 404],
    ['get', '/status.json', 200], ['get', '/status', 403, undefined, { 'Sec-Fetch-Site': 'cross-site' }],
  ];
  for (const [method, path, status, body, headers] of asks) {
    const answer = await fetch(url + path, { method, body: await body, headers });
    const what = `${method} ${path} ${status}`, described = description.paths[path.replace(/(models\/)[^/]+/, '$1{name}')][method].responses[answer.status];
    const kind = answer.headers.get('content-type').split(';')[0], content = described?.content?.[kind];
    const text = await answer.text();
    if (answer.status !== status || !content) {
      check(what, false, `${answer.status} ${kind} ${text.slice(0, 200)}`);
      continue;
    }
    const wrong = compile(content.schema)(kind === 'application/json' ? JSON.parse(text) : text);
    const missing = Object.keys(described.headers).filter((header) => header !== 'Retry-After' && !answer.headers.has(header));
    check(what, wrong === '' && missing.length === 0, `${wrong} ${missing} ${text.slice(0, 300)}`);
  }
  const own = { 'X-Request-Id': 'import/42', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const answer = await fetch(url + '/predict', { method: 'POST', body: await form('{"clip":{"visual":{"modelName":"none"}}}', picture), headers: own });
  check("a caller's name for a request comes back", answer.headers.get('x-request-id') === 'import/42');
  return own;
}

const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(IMMICH_|MACHINE_LEARNING_)/.test(name)));
const daemon = spawn(join(release, 'immich-ml'), ['serve', '--socket', join(folder, 'ml.sock'), '--cache', join(root, 'models', 'demo'), '--http', `127.0.0.1:${port}`],
  { stdio: ['ignore', 'ignore', 'pipe'], env: { ...environment, MACHINE_LEARNING_DOWNLOAD: 'off', MACHINE_LEARNING_HTTP_DRAIN_DELAY: '0', MACHINE_LEARNING_PREPARE_MODELS: 'false' } });
let log = '';
daemon.stderr.on('data', (piece) => (log += piece));
try {
  for (let i = 0; i < 200 && !(await fetch(`${url}/ready`).then((answer) => answer.ok, () => false)); i++) await delay(50);
  const description = await (await fetch(`${url}/openapi.json`)).json();
  let require;
  try {
    require = tools();
  } catch {
    console.log('unchecked the description of the HTTP face: npm gives no validator');
  }
  if (require) {
    const { Validator } = await import(pathToFileURL(require.resolve('@seriousme/openapi-schema-validator')));
    const { valid, errors } = await new Validator().validate(description);
    check('openapi.json is valid by a public validator', valid, JSON.stringify(errors));
    const answered = Object.keys(description.paths).sort().join();
    check('it describes every path that there is', answered === '/,/metrics,/openapi.json,/ping,/predict,/ready,/status,/status.json,/v2,/v2/health/live,/v2/health/ready,/v2/models/{name},/v2/models/{name}/ready', answered);
    const own = await compare(description, schemas(require, description));
    const named = (room) => log.split('\n').some((line) => line.includes(`${own['X-Request-Id']} traceparent ${own.traceparent}`) && line.includes(room));
    // Both write their line once the answer is on its way.
    for (let i = 0; i < 200 && !(named('Endpoints') && named('Dispatcher')); i++) await delay(50);
    check('and stands with its trace in both logs', named('Endpoints') && named('Dispatcher'), log.slice(-1000));
  }
} catch (error) {
  check('the description can be tried', false, error.stack);
} finally {
  const gone = new Promise((end) => daemon.once('exit', end));
  daemon.kill('SIGTERM');
  await gone;
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failures ? 1 : 0);
