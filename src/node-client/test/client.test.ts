import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MlClient, MlConnectionError, MlError } from '../src/index.js';
import { Fake } from './fake.js';

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error('It hangs.')), 20_000)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function withFake(answer: Parameters<Fake['start']>[0], use: (client: MlClient, fake: Fake) => Promise<void>): Promise<void> {
  const fake = await new Fake().start(answer);
  const client = new MlClient({ path: fake.path, reconnectMs: 2000 });
  try {
    await within(use(client, fake));
  } finally {
    client.close();
    await fake[Symbol.asyncDispose]();
  }
}

test('a thousand requests on one connection are each answered, in whatever order', async () => {
  const waiting: (() => void)[] = [];
  await withFake(
    (asked, reply) => {
      waiting.push(() => reply({ result: { models: [{ modelName: String(asked.id) }] } }));
      if (waiting.length === 1000) waiting.reverse().forEach((go) => go());
    },
    async (client, fake) => {
      const answers = await Promise.all(Array.from({ length: 1000 }, () => client.models()));
      assert.deepEqual(answers.map(([model]) => model!.modelName), Array.from({ length: 1000 }, (_, i) => String(i + 1)));
      assert.equal(fake.sockets.length, 1);
    },
  );
});

test('an error is typed', () =>
  withFake(
    (_, reply) => reply({ error: { code: 'overloaded', message: 'Later.', retryable: true, retryAfterMs: 70 } }),
    async (client) => {
      const error = await client.ping().then(() => assert.fail(), (e: unknown) => e);
      assert.ok(error instanceof MlError);
      assert.deepEqual([error.code, error.retryable, error.retryAfterMs], ['overloaded', true, 70]);
    },
  ));

test('aborting sends cancel for that request alone and leaves the connection', () =>
  withFake(
    (asked, reply) => {
      if (asked.op === 'ping') reply({ result: {} });
    },
    async (client, fake) => {
      const abort = new AbortController();
      await client.ping();
      const open = client.predict({ tasks: {}, text: 'x' }, { signal: abort.signal });
      setTimeout(() => abort.abort(), 20);
      await assert.rejects(open, { name: 'AbortError' });
      await client.ping();
      const predict = fake.asked.find((asked) => asked.op === 'predict')!;
      assert.equal(fake.asked.find((asked) => asked.op === 'cancel')!['target'], predict.id);
      assert.equal(fake.sockets.length, 1);
      await assert.rejects(client.ping({ signal: AbortSignal.abort() }), { name: 'AbortError' });
    },
  ));

test('a daemon that is restarted is ridden out', () =>
  withFake(
    (_, reply) => reply({ result: {} }),
    async (client, fake) => {
      await client.ping();
      await fake.stop();
      const early = client.ping();
      setTimeout(() => void fake.start((_, reply) => reply({ result: {} })), 200);
      await early;
    },
  ));

test('a request that breaks every connection is given up', () =>
  withFake(
    (_asked, _reply, socket) => socket.destroy(),
    async (client, fake) => {
      await assert.rejects(client.ping(), MlConnectionError);
      assert.equal(fake.asked.length, 3);
    },
  ));

test('nobody there is a connection error once the time is up', async () => {
  const client = new MlClient({ path: '/nowhere/at.all', reconnectMs: 60 });
  await assert.rejects(within(client.ping()), MlConnectionError);
  client.close();
  await assert.rejects(client.ping(), MlConnectionError);
});

test('what is no answer breaks the connection with a reason', () =>
  withFake(
    (_asked, _reply, socket) => socket.write(new Uint8Array([0, 0, 0, 1, 0xc1])),
    (client) => assert.rejects(client.ping(), /does not speak the protocol/),
  ));

test('id 0 fails everything that is open with its code', () =>
  withFake(
    (_asked, reply) => reply({ id: 0, error: { code: 'frame_too_large', message: 'Too large.', retryable: false } }),
    (client) => assert.rejects(client.ping(), { code: 'frame_too_large' }),
  ));
