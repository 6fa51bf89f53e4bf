import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from '@msgpack/msgpack';
import { encodeFrame, FrameCutter } from '../src/frame.js';

export type Asked = { id: number; op: string } & Record<string, any>;

/** A daemon that answers whatever a test wants. */
export class Fake {
  readonly folder = mkdtempSync(join(tmpdir(), 'immich-ml-test-'));
  readonly path = join(this.folder, 'fake.sock');
  readonly asked: Asked[] = [];
  readonly sockets: Socket[] = [];
  #server = createServer();

  async start(answer: (asked: Asked, reply: (keys: Record<string, unknown>) => void, socket: Socket) => void): Promise<this> {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      const cutter = new FrameCutter();
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        for (const payload of cutter.push(chunk)) {
          const asked = decode(payload) as Asked;
          this.asked.push(asked);
          answer(asked, (keys) => socket.write(encodeFrame({ id: asked.id, ...keys })), socket);
        }
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
