/**
 * Builds dist/: the published command, the SQLite worker, and the validator in one file. The validator's bytes depend on
 * the sources and the pinned versions alone, never on the folder, the clock or the machine; its SHA-256 is printed.
 */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'warning',
} as const;

/** The validator: everything inside, with SHA-256 and CBOR in pure JavaScript. */
export async function buildValidator(out: string, root = ROOT): Promise<string> {
  const result = await build({
    ...COMMON,
    absWorkingDir: root,
    entryPoints: ['src/validator/main.ts'],
    write: false,
    outfile: 'validator.mjs',
    external: ['node:*'],
    // Else the bundle would name the place that a linked node_modules leads to.
    preserveSymlinks: true,
    alias: { 'cbor-x': join(root, 'node_modules/cbor-x/index.js') },
    plugins: [
      {
        name: 'pure-sha256',
        setup: ({ onResolve }) => {
          onResolve({ filter: /\/sha256\.ts$/ }, () => ({ path: join(root, 'src/objects/sha256-noble.ts') }));
        },
      },
    ],
  });
  const code = result.outputFiles[0]!.contents;
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, code);
  return createHash('sha256').update(code).digest('hex');
}

/** The command and the worker; packages that carry binaries or WebAssembly, or that few commands need, stay outside. */
async function buildCommand(): Promise<void> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  await build({
    ...COMMON,
    entryPoints: {
      custody: 'bin/custody.ts',
      index: 'src/index.ts',
      'sqlite-worker': 'src/engines/sqlite/worker.ts',
    },
    outdir: join(ROOT, 'dist'),
    splitting: true,
    chunkNames: '[name]-[hash]',
    external: [
      'better-sqlite3',
      'level',
      'classic-level',
      'pg',
      'pg-copy-streams',
      'libpg-query',
      'ajv',
      'yaml',
      'cbor-x',
    ],
    define: { 'process.env.CUSTODY_VERSION': JSON.stringify(version) },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  await chmod(join(ROOT, 'dist/custody.js'), 0o755);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await rm(join(ROOT, 'dist'), { recursive: true, force: true });
  const digest = await buildValidator(join(ROOT, 'dist/validator.mjs'));
  if (!process.argv.includes('--validator')) await buildCommand();
  process.stdout.write(`validator ${digest}\n`);
}
