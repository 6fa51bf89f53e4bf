/** The wire's messages (PROTOCOL.md) as types. */

import { MlConnectionError } from './errors.js';

export type Task = 'clip' | 'facial-recognition' | 'ocr';
export type Priority = 'interactive' | 'background';

export interface TaskOptions {
  minScore?: number | undefined;
  maxResolution?: number | undefined;
  scoreMode?: 'fast' | 'slow' | undefined;
  language?: string | null | undefined;
}

export interface ModelEntry {
  modelName: string;
  options?: TaskOptions | undefined;
}

/** `{task: {type: {modelName, options}}}`, as Immich's `entries`. */
export type Tasks = { [task: string]: { [type: string]: ModelEntry } };

export interface PredictInput {
  tasks: Tasks;
  /** An encoded JPEG, PNG, WebP, GIF or BMP. Counts before a text. */
  image?: Uint8Array | undefined;
  text?: string | undefined;
  /** Absent: a text is interactive, an image background. */
  priority?: Priority | undefined;
  /** Not started later than this many milliseconds after arrival. */
  deadlineMs?: number | undefined;
  /** What the request is called elsewhere, for the daemon's log alone; 256 bytes at most. */
  trace?: string | undefined;
}

export interface Timings {
  queue: number;
  decode: number;
  preprocess: number;
  inference: number;
  postprocess: number;
  total: number;
}

export interface Face {
  /** x1, y1, x2, y2 in pixels of the picture; they may lie outside it. */
  boundingBox: [number, number, number, number];
  score: number;
  /** x0 y0 … x4 y4: eyes, nose, corners of the mouth. */
  landmarks?: number[];
  /** Not normalized; absent where only detection was asked for. */
  embedding?: Float32Array;
}

export interface Ocr {
  text?: string[];
  /** Eight numbers a line, corners clockwise from the top left, divided by width and height. */
  box: number[];
  boxScore: number[];
  textScore?: number[];
}

export interface PredictResult {
  imageWidth?: number;
  imageHeight?: number;
  clip?: Float32Array;
  'facial-recognition'?: Face[];
  ocr?: Ocr;
  timings: Timings;
}

export interface Info {
  version: string;
  protocol: number;
  pid: number;
  uptimeMs: number;
  ready: boolean;
  providers: string[];
  devices: { provider: string; id: number; name: string; memoryBytes: number }[];
  threads: string;
  limits: { [limit: string]: number };
  /** The Immich whose numbers come out, `3.3` or `2.7`; absent: a daemon that knows 2.7's alone. */
  rules?: string;
  /** What there is of memory and how it is shared out, in words. */
  memory?: string;
}

export interface ModelAddress {
  task: string;
  type: string;
  modelName: string;
}

export interface ModelStatus extends ModelAddress {
  state: 'absent' | 'cached' | 'loading' | 'loaded' | 'failed';
  bytes: number;
  device: string;
  idleMs: number;
  /** What it calculates with on the CPU; absent: it is not in the cache, or the daemon knows fp32 alone. */
  precision?: string;
  /** What its prepared copy reached against fp32, or why it is not in the precision that is asked for. */
  precisionNote?: string;
  /** Of its prepared copy; absent: there is none. */
  copyBytes?: number;
}

export interface Stats {
  requests: (ModelAddress & { code: string; count: number })[];
  latency: (ModelAddress & { stage: string; count: number; sumMs: number; bucketsMs: number[]; counts: number[] })[];
  queue: { interactive: number; background: number };
  models: ModelStatus[];
  memory: { rssBytes: number; anonBytes: number; arenaBytes: number };
  downloads: { modelName: string; bytes: number; totalBytes: number }[];
  runtime?: { allocatedBytes: number; collections: number[] };
  resultCache?: { entries: number; bytes: number; hits: number; misses: number };
  slots?: { interactive: { capacity: number; busy: number }; background: { capacity: number; busy: number } };
  /** How short memory is; absent: the daemon does not look. */
  pressure?: Pressure;
}

/** The last four count since the start: how often memory got short, and what was done for it. */
export interface Pressure {
  level: 'calm' | 'tight' | 'critical';
  stalledPercent: number;
  availableBytes: number;
  limitBytes: number;
  requestsAtOnce: number;
  tight: number;
  critical: number;
  unloaded: number;
  trimmed: number;
}

export interface WireError {
  code: string;
  message: string;
  retryable?: boolean;
  retryAfterMs?: number;
}

export interface WireResponse {
  id: number;
  result?: Record<string, unknown>;
  error?: WireError;
}

/** A request's own keys in the wire's order, the image last; what is undefined is left out. */
export function predictKeys(input: PredictInput): Record<string, unknown> {
  const keys: Record<string, unknown> = { tasks: input.tasks };
  if (input.text !== undefined) keys['text'] = input.text;
  if (input.priority !== undefined) keys['priority'] = input.priority;
  if (input.deadlineMs !== undefined) keys['deadlineMs'] = input.deadlineMs;
  if (input.trace !== undefined) keys['trace'] = input.trace;
  if (input.image !== undefined) keys['image'] = input.image;
  return keys;
}

/** Turns the wire's little-endian bytes into numbers, on machines of either order. */
export function embeddingFrom(bytes: Uint8Array): Float32Array {
  if (bytes.byteLength % 4 !== 0) throw new MlConnectionError(`The daemon does not speak the protocol: an embedding of ${bytes.byteLength} bytes.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

export function predictResultFrom(result: Record<string, unknown>): PredictResult {
  const read = { ...result } as Record<string, unknown>;
  if (read['clip'] instanceof Uint8Array) read['clip'] = embeddingFrom(read['clip']);
  if (Array.isArray(read['facial-recognition'])) {
    read['facial-recognition'] = read['facial-recognition'].map((face: Record<string, unknown>) =>
      face['embedding'] instanceof Uint8Array ? { ...face, embedding: embeddingFrom(face['embedding']) } : face,
    );
  }
  return read as unknown as PredictResult;
}
