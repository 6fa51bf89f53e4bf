import { createConnection, type Socket } from 'node:net';
import type { Signal } from './client.js';
import { MlConnectionError, MlError } from './errors.js';
import { decodePayload, encodeFrame, FrameCutter } from './frame.js';
import type { WireResponse } from './messages.js';

type Result = Record<string, unknown>;

interface Pending {
  resolve(result: Result): void;
  reject(error: Error): void;
}

/** One connection: requests are pipelined, answers paired by id. When it breaks, everything open fails and it stays broken. */
export class Connection {
  readonly #pending = new Map<number, Pending>();
  readonly #cutter: FrameCutter;
  #lastId = 0;
  #broken: Error | undefined;

  private constructor(
    readonly path: string,
    readonly socket: Socket,
    maxFrame: number,
  ) {
    this.#cutter = new FrameCutter(maxFrame);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#break(new MlConnectionError(`The connection to ${path} broke: ${error.message}`, error)));
    socket.on('close', () => this.#break(new MlConnectionError(`${path} hung up.`)));
    socket.unref();
  }

  static open(path: string, maxFrame: number, signal?: Signal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const socket = createConnection({ path });
      const aborted = () => socket.destroy(signal!.reason instanceof Error ? signal!.reason : new Error('Aborted'));
      signal?.addEventListener('abort', aborted, { once: true });
      const failed = (error: Error) => {
        signal?.removeEventListener('abort', aborted);
        reject(signal?.aborted ? signal.reason : new MlConnectionError(`No connection to ${path}: ${error.message}`, error));
      };
      socket.once('error', failed);
      socket.once('connect', () => {
        socket.off('error', failed);
        signal?.removeEventListener('abort', aborted);
        resolve(new Connection(path, socket, maxFrame));
      });
    });
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Aborting tells the daemon to cancel, and fails at once with the signal's reason. */
  send(op: string, keys: Result, signal?: Signal): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken);
      if (signal?.aborted) return reject(signal.reason);
      const id = ++this.#lastId;
      const aborted = () => {
        this.#settle(id)?.reject(signal!.reason);
        if (!this.#broken) this.socket.write(encodeFrame({ v: 1, id: ++this.#lastId, op: 'cancel', target: id }));
      };
      const done = () => signal?.removeEventListener('abort', aborted);
      this.#pending.set(id, {
        resolve: (result) => (done(), resolve(result)),
        reject: (error) => (done(), reject(error)),
      });
      signal?.addEventListener('abort', aborted, { once: true });
      this.socket.ref();
      this.socket.write(encodeFrame({ v: 1, id, op, ...keys }));
    });
  }

  close(): void {
    this.#break(new MlConnectionError(`The connection to ${this.path} was closed here.`));
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const payload of this.#cutter.push(chunk)) this.#complete(decodePayload(payload));
    } catch (error) {
      this.#break(error as Error);
    }
  }

  #complete(response: WireResponse): void {
    const error = response.error && new MlError(
      response.error.code, response.error.message, response.error.retryable ?? false, response.error.retryAfterMs);
    // Id 0 answers bytes that the daemon could not read at all; it closes the connection after it.
    if (response.id === 0 && error) return this.#break(error);
    const pending = this.#settle(response.id);
    if (error) pending?.reject(error);
    else pending?.resolve(response.result ?? {});
  }

  /** A program may end while nothing is open. */
  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.socket.unref();
    return pending;
  }

  /** The first cause counts: what fails after it is its consequence. */
  #break(cause: Error): void {
    if (this.#broken) return;
    this.#broken = cause;
    this.socket.destroy();
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(cause);
  }
}
