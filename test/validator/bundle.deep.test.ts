import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildValidator } from '../../scripts/build.ts';
import type { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { judge } from '../../src/validator/judge.ts';
import { CONTROLS } from '../../src/vectors/controls.ts';
import { controlOf, makeVector, VECTORS } from '../../src/vectors/vectors.ts';
import { runValidator } from '../../src/judging/validator-process.ts';
import { twoAtOnce } from '../../src/system/two-at-once.ts';
import type { Built } from '../../src/vectors/draft.ts';
import { makeTestFolder } from '../support/folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');
interface Bundled {
  readonly judge: typeof judge;
  readonly MemoryObjects: typeof MemoryObjects;
}

let temp: string;
let code: Uint8Array;

beforeAll(async () => {
  temp = makeTestFolder('bundle');
  await buildValidator(join(temp, 'here.mjs'));
  code = new Uint8Array(readFileSync(join(temp, 'here.mjs')));
});

const text = (): string => Buffer.from(code).toString();
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A copy of the sources in a folder of its own; its modules are a link to ours. */
function copyTo(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ['src', 'scripts', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Builds there in a process of its own and gives the digest of what came out. */
function buildIn(folder: string, env: NodeJS.ProcessEnv, shell = 'true'): string {
  const run = `import(${JSON.stringify(join(folder, 'scripts/build.ts'))}).then((b) => b.buildValidator('out/validator.mjs'))`;
  const script = `${shell} && exec "$0" --input-type=module -e "$1"`;
  const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, run], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return sha256(readFileSync(join(folder, 'out/validator.mjs')));
}

/** Another day, for whatever asks JavaScript for the time. */
const ANOTHER_DAY = `data:text/javascript,${encodeURIComponent(`
  const Today = Date;
  const later = () => Today.now() + 400 * 86_400_000;
  globalThis.Date = class extends Today {
    constructor(...given) { super(...(given.length > 0 ? given : [later()])); }
    static now() { return later(); }
  };
`)}`;

describe('the bundle', () => {
  it('has the same bytes whatever the folder, the day, the time zone, the locale, the umask and the user', () => {
    const plain = copyTo(join(temp, 'a'));
    const other = copyTo(join(temp, 'b/with space/é'));
    const expected = sha256(code);
    expect(buildIn(plain, {})).toBe(expected);
    const env = {
      TZ: 'Pacific/Kiritimati',
      LC_ALL: 'tr_TR.UTF-8',
      HOME: '/nonexistent',
      USER: 'other',
      SOURCE_DATE_EPOCH: '1',
      NODE_ENV: 'production',
      NODE_OPTIONS: `--import=${ANOTHER_DAY}`,
    };
    expect(buildIn(other, env, 'umask 077')).toBe(expected);
  });

  it('names no folder of the machine that built it', () => {
    expect(text()).not.toContain(ROOT);
    expect(text()).not.toMatch(/["'`](\/home|\/root|\/work|\/tmp|\/Users|[A-Z]:\\)/);
    expect(text()).not.toContain('sourceMappingURL');
  });

  it('names no file: one that moves would be another validator', () => {
    expect(text()).not.toMatch(/^\/\/ (src|node_modules)\//m);
  });

  it('imports nothing but reading its input, telling UTF-8 and comparing values', () => {
    const imports = [...text().matchAll(/^(?:import|export)\b[^;]*?\bfrom\s*["']([^"']+)["']/gm)].map(
      ([, name]) => name,
    );
    expect(imports.sort()).toEqual(['node:buffer', 'node:fs', 'node:util']);
    expect(text()).toMatch(/import \{ readSync, writeSync \} from "node:fs"/);
    expect(text()).toMatch(/import \{ isUtf8 \} from "node:buffer"/);
    expect(text()).toMatch(/import \{ isDeepStrictEqual \} from "node:util"/);
  });

  it('brings SHA-256 along in pure JavaScript', () => {
    expect(text()).toMatch(/^var SHA256_K = /m);
    expect(text()).not.toContain('node:crypto');
  });

  it('finds in each vector exactly what it must', async () => {
    const entry = join(temp, 'entry.ts');
    const from = (file: string): string => JSON.stringify(join(ROOT, 'src', file));
    writeFileSync(
      entry,
      `export { judge } from ${from('validator/judge.ts')};
       export { MemoryObjects } from ${from('objects/memory-objects.ts')};`,
    );
    await buildValidator(join(temp, 'entry.mjs'), ROOT, entry);
    const bundled = (await import(pathToFileURL(join(temp, 'entry.mjs')).href)) as Bundled;
    for (const vector of VECTORS) {
      const { built, expected } = makeVector(vector);
      const objects = new bundled.MemoryObjects();
      for (const [digest, { codec, bytes }] of built.objects.entries()) objects.put(codec, digest, bytes);
      const { findings } = bundled.judge(built.subject, objects);
      const found = findings.map(({ code, path }) => `${code} ${path}`).sort();
      expect({ name: vector.name, found }).toEqual({ name: vector.name, found: expected });
    }
  });

  it('holds no vector: who edits one changes no validator', () => {
    expect(VECTORS.filter(({ name }) => text().includes(`"${name}"`))).toEqual([]);
    expect(text()).not.toContain('one birth');
  });
});

describe('judges in its own process as it does in ours', () => {
  const ours = ({ subject, objects }: Built) => {
    const { accepted, findings } = judge(subject, objects);
    return { accepted, findings };
  };
  const judged = async (built: Built) => {
    const { accepted, findings } = await runValidator(code, built.subject, built.objects.get);
    return { accepted, findings };
  };

  it.each(CONTROLS)('the control of %s', async (control) => {
    expect(await judged(controlOf(control))).toEqual({ accepted: true, findings: [] });
  });

  // All of them are judged by the bundled checks above; here each is a process.
  it('a sample of the vectors', { timeout: 300_000 }, async () => {
    const sample = VECTORS.filter((_, i) => i % 4 === 0);
    await twoAtOnce(sample, async (vector) => {
      const { built } = makeVector(vector);
      expect({ name: vector.name, ...(await judged(built)) }).toEqual({ name: vector.name, ...ours(built) });
    });
  });
});
