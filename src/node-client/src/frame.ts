import { Decoder, Encoder } from '@msgpack/msgpack';
import { MlConnectionError } from './errors.js';
import type { WireResponse } from './messages.js';

/** Four bytes of length, big-endian, then one MessagePack map. */
export const PREFIX = 4;

/** An image of 128 MiB and its surroundings. */
export const DEFAULT_MAX_FRAME = 129 * 1024 * 1024;

export function encodeFrame(message: Record<string, unknown>): Uint8Array {
  const payload = new Encoder({ ignoreUndefined: true }).encodeSharedRef(message);
  const frame = new Uint8Array(PREFIX + payload.byteLength);
  new DataView(frame.buffer).setUint32(0, payload.byteLength);
  frame.set(payload, PREFIX);
  return frame;
}

export function decodePayload(payload: Uint8Array): WireResponse {
  let message: unknown;
  try {
    message = new Decoder().decode(payload);
  } catch (cause) {
    throw new MlConnectionError('The daemon does not speak the protocol: its answer is no MessagePack.', cause);
  }
  if (typeof message !== 'object' || message === null || typeof (message as WireResponse).id !== 'number') {
    throw new MlConnectionError('The daemon does not speak the protocol: its answer has no id.');
  }
  return message as WireResponse;
}

/** Cuts a stream of bytes into payloads, however they are split on their way. */
export class FrameCutter {
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(readonly maxFrame = DEFAULT_MAX_FRAME) {}

  /** @throws MlConnectionError when a length is 0 or over the limit. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#chunks.push(chunk);
    this.#length += chunk.byteLength;
    while (this.#length >= PREFIX) {
      const head = this.#peek(PREFIX);
      const size = new DataView(head.buffer, head.byteOffset).getUint32(0);
      if (size === 0 || size > this.maxFrame) {
        throw new MlConnectionError(`The daemon does not speak the protocol: a frame of ${size} bytes.`);
      }
      if (this.#length < PREFIX + size) return;
      const frame = this.#peek(PREFIX + size);
      const rest = this.#chunks[0]!.subarray(frame.byteLength);
      if (rest.byteLength > 0) this.#chunks[0] = rest;
      else this.#chunks.shift();
      this.#length -= frame.byteLength;
      yield frame.subarray(PREFIX);
    }
  }

  /** The first bytes in one piece; joins chunks only where they are split. */
  #peek(count: number): Uint8Array {
    if (this.#chunks[0]!.byteLength < count) {
      const joined = new Uint8Array(this.#length);
      let at = 0;
      for (const chunk of this.#chunks) {
        joined.set(chunk, at);
        at += chunk.byteLength;
      }
      this.#chunks = [joined];
    }
    return this.#chunks[0]!.subarray(0, count);
  }
}
