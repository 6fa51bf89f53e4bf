import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../', import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

test('the tarball holds the licence, a README and what is imported, and no tests', () => {
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: project, encoding: 'utf8' })) as [{ files: { path: string }[] }];
  const files = packed.files.map((file) => file.path);
  for (const wanted of ['LICENSE', 'README.md', 'package.json', 'out/src/index.js', 'out/src/index.d.ts']) assert.ok(files.includes(wanted), wanted);
  assert.deepEqual(files.filter((file) => file.includes('test')), []);
  assert.equal(readFileSync(join(project, 'LICENSE'), 'utf8'), readFileSync(join(project, '../../LICENSE'), 'utf8'));
});

const consumer = `
import { MlClient, MachineLearningRepository, MlError, defaultSocketPath, embeddingText, type Signal } from 'immich-ml-client';
const client = new MlClient({ path: defaultSocketPath({ XDG_RUNTIME_DIR: '/x' }) });
declare const signal: Signal;
export const asked: Promise<Float32Array | undefined> = client.predict({ tasks: {}, image: new Uint8Array(1) }, { signal }).then((result) => result.clip);
export const repository = new MachineLearningRepository(client), error = new MlError('a', 'b', true), text: string = embeddingText(new Float32Array(1));
`;

for (const lib of [['ES2022'], ['ES2022', 'DOM']]) {
  test(`a project without @types/node and with lib ${lib} compiles against the types`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'immich-ml-consumer-'));
    try {
      const installed = join(folder, 'node_modules/immich-ml-client');
      mkdirSync(installed, { recursive: true });
      cpSync(join(project, 'package.json'), join(installed, 'package.json'));
      cpSync(join(project, 'out/src'), join(installed, 'out/src'), { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      writeFileSync(join(folder, 'index.ts'), lib.includes('DOM') ? consumer.replace('declare const signal: Signal', 'const signal = AbortSignal.timeout(1)') : consumer);
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
        compilerOptions: { target: 'ES2022', module: 'NodeNext', lib, types: [], strict: true, skipLibCheck: false, noEmit: true, exactOptionalPropertyTypes: true },
        files: ['index.ts'],
      }));
      execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      assert.fail((error as { stdout?: string }).stdout || String(error));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
