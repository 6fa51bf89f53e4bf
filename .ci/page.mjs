#!/usr/bin/env node
// The gateway's page in headless Chromium, light and dark: node .ci/page.mjs RELEASE_TREE [FOLDER_FOR_SCREENSHOTS]
// Prints "ok WHAT" or "not ok WHAT" for each check.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const { chromium } = createRequire(new URL('../src/node-client/package.json', import.meta.url))('playwright-core');
const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.env.MACHINE_LEARNING_HTTP_DRAIN_DELAY ??= '0';
const shared = process.env.IMMICH_ML_SHARED ?? join(dirname(root), 'shared');
const release = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'immich-ml-page-'));
const shots = process.argv[3] ?? folder;
const socket = join(folder, 'ml.sock');
// The shared models, and ours, which know pictures and texts alike.
const cache = join(folder, 'cache');
for (const task of ['clip', 'ocr']) cpSync(join(shared, 'models', 'cache', task), join(cache, task), { recursive: true });
cpSync(join(root, 'models', 'demo'), cache, { recursive: true });
const port = 40_000 + (process.pid % 20_000);
const url = `http://127.0.0.1:${port}`;
let failures = 0;

function check(what, good, detail = '') {
  if (!good) failures++;
  console.log(`${good ? 'ok' : 'not ok'} ${what}${good || !detail ? '' : ` (${detail})`}`);
}

function start(program, args, environment) {
  return spawn(join(release, program), args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, IMMICH_LOG_LEVEL: 'error', ...environment } });
}

function end(child) {
  return new Promise((gone) => {
    child.once('exit', gone);
    child.kill('SIGTERM');
  });
}

async function tryIt(page, task, model, ...files) {
  await page.selectOption('#task', task);
  if (model) await page.fill('#model', model);
  if (task === 'textual') await page.fill('#text', files[0]);
  else await page.setInputFiles('#file', files.map((file) => join(shared, 'corpus', file)));
  await page.evaluate(() => (document.querySelector('#shown').hidden = document.querySelector('#fault').hidden = true));
  await page.click('#go');
  await page.waitForFunction(() => (!document.querySelector('#shown').hidden || !document.querySelector('#fault').hidden) && !document.querySelector('#go').disabled);
}

/** Pictures first, then a text: in the page alone, by falling likeness. */
async function query(page, scheme) {
  const files = ['photos/astronaut.png', 'photos/coffee.png', 'text/page.png'];
  await tryIt(page, 'textual', 'synthetic__demo', 'red');
  check(`${scheme}: a text with no pictures tried says so`, (await page.textContent('#found')).includes('No picture was tried here'), await page.textContent('#fault'));
  await tryIt(page, 'visual', 'synthetic__demo', ...files);
  check(`${scheme}: several pictures are tried at once`, (await page.textContent('#tried')) === `${files.length + 1} so far`, (await page.textContent('#tried')) + (await page.textContent('#fault')));
  await tryIt(page, 'textual', 'synthetic__demo', 'a red picture');
  const scores = (await page.locator('#nearest li .dim').allTextContents()).map(Number);
  check(`${scheme}: a text finds the nearest of them`, scores.length === files.length && scores.every((score, i) => i === 0 || score <= scores[i - 1]) && scores[0] <= 1, scores.join());
  const drawn = await page.locator('#nearest canvas').evaluateAll((all) => all.every((one) => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some((value) => value > 0)));
  check(`${scheme}: each with its picture`, drawn);
  await page.screenshot({ path: join(shots, `status-${scheme}-query.png`), fullPage: true });
  await page.waitForFunction(() => /CLIP.*pictures a second: 50,000 in \d/.test(document.querySelector('#rates').textContent), undefined, { timeout: 20_000 });
  await page.fill('#backlog', '1000');
  check(`${scheme}: a backlog is reckoned from the rates`, /1,000 in \d+ (s|min|h)/.test(await page.textContent('#rates')), await page.textContent('#rates'));
  check(`${scheme}: rules and precision are told`, /Rules.*3\.3.*Precision.*(fp32|int8)/s.test(await page.textContent('#force')), await page.textContent('#force'));
}

async function phone(page, scheme) {
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = await page.evaluate(() => [...document.querySelectorAll('section, form, header')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).length + (document.scrollingElement.scrollWidth > innerWidth ? 1 : 0));
  check(`${scheme}: on a phone nothing hangs over`, wide === 0, wide);
  await page.screenshot({ path: join(shots, `status-${scheme}-phone.png`), fullPage: true });
  await page.setViewportSize({ width: 1100, height: 900 });
}

/** Whether anything has been drawn in the colour of boxes. */
const isMarked = (page) => page.evaluate(() => {
  const canvas = document.querySelector('#picture'), { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) if (data[i] === 255 && data[i + 1] === 45 && data[i + 2] === 120) return true;
  return false;
});

async function visit(scheme) {
  const context = await chromium.launchPersistentContext(join(folder, `profile-${scheme}`), {
    executablePath: '/usr/bin/chromium', headless: true, colorScheme: scheme, viewport: { width: 1100, height: 900 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints = [], outside = [];
  page.on('console', (line) => line.type() === 'error' && !/status of 4\d\d/.test(line.text()) && complaints.push(line.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => !request.url().startsWith(url) && !request.url().startsWith('blob:') && outside.push(request.url()));
  const answer = await page.goto(`${url}/status`);
  check(`${scheme}: the page has a strict policy`, /default-src 'none'/.test(answer.headers()['content-security-policy']) && !/unsafe/.test(answer.headers()['content-security-policy']));
  await page.waitForFunction(() => document.querySelector('#state').textContent.includes('ready'));
  await tryIt(page, 'visual', 'RN50__openai', 'photos/astronaut.png');
  check(`${scheme}: an embedding is shown`, (await page.textContent('#found')).includes('512 numbers'), await page.textContent('#fault'));
  check(`${scheme}: so are its timings`, /inference.*total/s.test(await page.textContent('#timings')), await page.textContent('#timings'));
  await tryIt(page, 'visual', 'RN50__openai', 'hostile/text.txt');
  check(`${scheme}: a bad picture is a line, not a blank`, (await page.textContent('#fault')).startsWith('415'), await page.textContent('#fault'));
  await tryIt(page, 'ocr', 'PP-OCRv5_mobile', 'text/page.png');
  check(`${scheme}: texts are listed`, (await page.locator('#found li').count()) > 3, (await page.textContent('#fault')) + (await page.textContent('#found')));
  check(`${scheme}: and drawn on the picture`, await isMarked(page));
  await page.waitForFunction(() => document.querySelector('#errors').textContent.includes('image_unsupported') && document.querySelector('#models').textContent.includes('loaded'));
  check(`${scheme}: the charts have bars`, (await page.locator('#rate .bar').evaluateAll((bars) => bars.filter((bar) => bar.getAttribute('height') > 0).length)) > 0);
  await query(page, scheme);
  await phone(page, scheme);
  const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  check(`${scheme}: the page is ${scheme}`, (Number(/\d+/.exec(back)[0]) < 100) === (scheme === 'dark'), back);
  await page.screenshot({ path: join(shots, `status-${scheme}.png`), fullPage: true });
  check(`${scheme}: nothing is asked elsewhere`, outside.length === 0, outside.join());
  check(`${scheme}: the browser does not complain`, complaints.length === 0, complaints.join());
  return { context, page };
}

mkdirSync(shots, { recursive: true });
const daemon = start('immich-ml', ['serve', '--socket', socket, '--cache', cache], {});
const gateway = start('immich-ml-gateway', [], { IMMICH_ML_SOCKET: socket, IMMICH_HOST: '127.0.0.1', IMMICH_PORT: String(port) });
try {
  for (let i = 0; i < 200 && !(await fetch(`${url}/ping`).then((answer) => answer.ok, () => false)); i++) await delay(50);
  const light = await visit('light');
  await light.context.close();
  const { context, page } = await visit('dark');
  await end(daemon);
  await page.waitForFunction(() => document.querySelector('#state').textContent.includes('daemon does not answer'));
  check('the page tells when the daemon has gone', true);
  await page.screenshot({ path: join(shots, 'status-gone.png'), fullPage: true });
  await context.close();
} catch (error) {
  check('the page can be used', false, error.message);
} finally {
  await end(gateway);
  if (daemon.exitCode === null) await end(daemon);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failures ? 1 : 0);
