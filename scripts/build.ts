/**
 * Builds dist/: the published command, the SQLite worker, and the validator in one file. The validator's bytes depend on
 * the sources and the pinned versions alone, never on where they lie, the clock or the machine; its SHA-256 is printed.
 */
import { chmod, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
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

/** The validator: everything inside, with SHA-256 in pure JavaScript. */
export async function buildValidator(
  out: string,
  root = ROOT,
  entry = 'src/validator/main.ts',
): Promise<string> {
  const result = await build({
    ...COMMON,
    absWorkingDir: root,
    entryPoints: [entry],
    write: false,
    metafile: true,
    outfile: 'validator.mjs',
    external: ['node:*'],
    // Else the bundle would name the place that a linked node_modules leads to.
    preserveSymlinks: true,
    plugins: [
      {
        name: 'pure-sha256',
        setup: (plugin) => {
          plugin.onResolve({ filter: /\/sha256\.ts$/ }, () => ({
            path: join(root, 'src/objects/sha256-noble.ts'),
          }));
        },
      },
      {
        // Kinds that no check reads: to the validator they are unknown ones.
        name: 'no-log',
        setup: (plugin) => {
          plugin.onLoad({ filter: /\/shapes\/log\.ts$/ }, () => ({
            contents: 'export const LOG_SHAPES = {};\nexport const LOG_VERSIONS = {};\n',
          }));
        },
      },
    ],
  });
  const code = withoutPaths(result.outputFiles[0]!.text, Object.keys(result.metafile.inputs));
  await mkdir(dirname(out), { recursive: true });
  // In one step: tests of other processes may be reading it.
  const temporary = `${out}.${process.pid}`;
  await writeFile(temporary, code);
  await rename(temporary, out);
  return createHash('sha256').update(code).digest('hex');
}

/** The bundler writes each module's path above it: a file that moves would be another validator. */
function withoutPaths(code: string, paths: readonly string[]): string {
  const comments = new Set(paths.map((path) => `// ${path}`));
  return code
    .split('\n')
    .filter((line) => !comments.has(line))
    .join('\n');
}

const BUNDLE = {
  ...COMMON,
  minifySyntax: true,
  minifyWhitespace: true,
  external: ['better-sqlite3', 'level', 'classic-level', 'pg', 'pg-copy-streams', 'libpg-query', 'yaml'],
  alias: {
    'string-width': join(ROOT, 'scripts/plain-string-width.ts'),
  },
  // For packages that are CommonJS; names of ours must not collide with theirs.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
} as const;

/**
 * The command and the worker. What every command needs is bundled, so that starting reads few files; what carries binaries
 * or WebAssembly, or few commands need, stays outside.
 */
export async function buildCommand(out: string): Promise<void> {
  await removeScripts(out);
  await build({
    ...BUNDLE,
    external: [...BUNDLE.external],
    outdir: out,
    entryPoints: { custody: 'bin/custody.ts', index: 'src/index.ts' },
    splitting: true,
    chunkNames: '[name]-[hash]',
  });
  for (const name of ['worker', 'integrity-main', 'surrogate-main']) await buildProcess(name, out);
  // Beside the command, as they lie beside the source that reads them.
  await cp(join(ROOT, 'src/packets/files/templates'), join(out, 'templates'), { recursive: true });
  await chmod(join(out, 'custody.js'), 0o755);
}

/** In one file: the worker's process may read no other (src/engines/sqlite/process/sandbox.ts). */
async function buildProcess(name: string, out: string): Promise<void> {
  const entryPoints = [`src/engines/sqlite/process/${name}.ts`];
  const outfile = join(out, `sqlite-${name}.js`);
  await build({ ...BUNDLE, external: [...BUNDLE.external], outfile, entryPoints });
}

/** What an earlier build left, but for the validator, which is replaced in one step. */
async function removeScripts(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((file) => file.endsWith('.js'))) await rm(join(folder, name));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { validator: { type: 'boolean' }, out: { type: 'string' } } });
  const out = resolve(values.out ?? join(ROOT, 'dist'));
  const digest = await buildValidator(join(out, 'validator.mjs'));
  if (!values.validator) {
    await buildCommand(out);
  }
  process.stdout.write(`validator ${digest}\n`);
}
