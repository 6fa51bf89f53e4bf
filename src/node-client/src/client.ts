import { setTimeout as delay } from 'node:timers/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from './connection.js';
import { MlConnectionError, MlError } from './errors.js';
import { DEFAULT_MAX_FRAME } from './frame.js';
import { predictKeys, predictResultFrom } from './messages.js';
import type { Info, ModelAddress, ModelStatus, PredictInput, PredictResult, Stats } from './messages.js';

export interface MlClientOptions {
  /** The daemon's socket. Default: IMMICH_ML_SOCKET, the user's own if it is there, the service's. */
  path?: string;
  /** How long a call goes on trying to reach a daemon that is away, as while it is restarted. Default: 10 000 ms. */
  reconnectMs?: number;
  /** The largest answer to accept. */
  maxFrame?: number;
}

export interface CallOptions {
  /** Aborting cancels the request in the daemon too. */
  signal?: Signal | undefined;
}

/** What is used of an AbortSignal, so that these types need neither the DOM's nor Node's. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: any;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A request that breaks its connection every time may be what kills the daemon: it is not sent for ever. */
const MOST_LOST = 2;

export function defaultSocketPath(environment: { [name: string]: string | undefined } = process.env): string {
  if (environment['IMMICH_ML_SOCKET']) return environment['IMMICH_ML_SOCKET'];
  const own = environment['XDG_RUNTIME_DIR'] && join(environment['XDG_RUNTIME_DIR'], 'immich-ml.sock');
  return own && existsSync(own) ? own : '/run/immich-ml/immich-ml.sock';
}

/**
 * Talks to the ImmichMl daemon. Any number of calls may run at the same time over its one connection, which is made at the first
 * call and made again after it broke. Calls reject with MlError, MlConnectionError or the signal's reason.
 */
export class MlClient {
  readonly path: string;
  readonly #reconnectMs: number;
  readonly #maxFrame: number;
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #closed = false;

  constructor(options: MlClientOptions = {}) {
    this.path = options.path ?? defaultSocketPath();
    this.#reconnectMs = options.reconnectMs ?? 10_000;
    this.#maxFrame = options.maxFrame ?? DEFAULT_MAX_FRAME;
  }

  async ping(options?: CallOptions): Promise<void> {
    await this.#ask('ping', {}, options);
  }

  async info(options?: CallOptions): Promise<Info> {
    return (await this.#ask('info', {}, options)) as unknown as Info;
  }

  async models(options?: CallOptions): Promise<ModelStatus[]> {
    return (await this.#ask('models', {}, options))['models'] as ModelStatus[];
  }

  async stats(options?: CallOptions): Promise<Stats> {
    return (await this.#ask('stats', {}, options)) as unknown as Stats;
  }

  /** Resolves once the model is loaded. */
  async load({ task, type, modelName }: ModelAddress, options?: CallOptions): Promise<void> {
    await this.#ask('load', { task, type, modelName }, options);
  }

  /** Resolves once the model is unloaded. */
  async unload({ task, type, modelName }: ModelAddress, options?: CallOptions): Promise<void> {
    await this.#ask('unload', { task, type, modelName }, options);
  }

  async predict(input: PredictInput, options?: CallOptions): Promise<PredictResult> {
    return predictResultFrom(await this.#ask('predict', predictKeys(input), options));
  }

  /** Open calls fail with MlConnectionError. */
  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }

  async #ask(op: string, keys: Record<string, unknown>, options?: CallOptions): Promise<Record<string, unknown>> {
    const giveUpAt = performance.now() + this.#reconnectMs;
    let wait = 0;
    for (let lost = 0; ; wait = wait === 0 ? 25 : Math.min(wait * 2, 400)) {
      let connected = false;
      try {
        const connection = await this.#connect(options?.signal);
        connected = true;
        return await connection.send(op, keys, options?.signal);
      } catch (error) {
        const away = error instanceof MlConnectionError || (error instanceof MlError && error.code === 'shutting_down');
        if (!away || this.#closed || performance.now() >= giveUpAt || (connected && ++lost > MOST_LOST)) throw error;
        // No operation does harm when it is asked for twice.
        await delay(wait, undefined, options?.signal ? { signal: options.signal as AbortSignal } : undefined).catch(() => options!.signal!.throwIfAborted());
      }
    }
  }

  /** Calls that come while it is being opened share it, so one caller's signal must not end it for all. */
  async #connect(signal?: Signal): Promise<Connection> {
    if (this.#closed) throw new MlConnectionError('The client is closed.');
    signal?.throwIfAborted();
    if (this.#connection && !this.#connection.isBroken) return this.#connection;
    this.#opening ??= Connection.open(this.path, this.#maxFrame).finally(() => (this.#opening = undefined));
    const opened = await this.#opening;
    this.#connection = opened;
    if (this.#closed) opened.close();
    return opened;
  }
}
