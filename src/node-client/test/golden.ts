import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The bytes that C# and TypeScript share. */
const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../../tests/golden/wire/canonical');

export interface Golden {
  name: string;
  kind: 'request' | 'response';
  op: string;
  message: Record<string, unknown>;
  frame: Uint8Array;
}

/** JSON has neither bytes nor whole numbers over 2^53: the index writes both as objects. */
function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$base64' in value) return new Uint8Array(Buffer.from(value.$base64 as string, 'base64'));
  if ('$uint64' in value) return BigInt(value.$uint64 as string);
  return value;
}

export function goldens(): Golden[] {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'), revive) as Record<string, Omit<Golden, 'name' | 'frame'>>;
  const files = readdirSync(folder).filter((file) => file.endsWith('.bin'));
  return files.map((file) => {
    const name = file.slice(0, -4);
    return { name, ...index[name]!, frame: new Uint8Array(readFileSync(join(folder, file))) };
  });
}

export function golden(name: string): Golden {
  return goldens().find((one) => one.name === name)!;
}
