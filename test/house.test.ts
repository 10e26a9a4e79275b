import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import { Linter } from 'eslint';
import { describe, expect, it } from 'vitest';
import { faultsOf, type House } from '../scripts/check-house.ts';
import { makeTestFolder } from './support/folder.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** What `npm run check` says of a house that has these files. */
describe('scripts/check-house.ts', () => {
  const room = (path: string, ...pathNot: string[]): unknown => ({
    name: `room-${path}`,
    from: { path: `^src/${path}/` },
    to: { pathNot: [`^src/${path}/`, ...pathNot] },
  });
  const few = Array.from({ length: 4 }, (_, index) => `src/low/${String(index)}.ts`);
  const importing = (files: readonly string[]): string =>
    files.map((file) => `import '${file.replace('src', '..')}';`).join('\n');

  function faults(files: Record<string, string>, rooms: unknown[], house: Partial<House> = {}): string[] {
    const root = makeTestFolder();
    const config = JSON.stringify({ forbidden: rooms });
    for (const [name, text] of Object.entries({ '.dependency-cruiser.json': config, ...files }))
      write(root, name, text);
    for (const folder of ['bin', 'test']) mkdirSync(join(root, folder), { recursive: true });
    const entries = Object.keys(files).filter((name) => name.startsWith('src/'));
    return faultsOf({ root, generic: new Map(), entries, unreached: new Map(), ...house });
  }

  it('finds nothing in a house that is in order', () => {
    const files = {
      'src/a/one.ts': "import { two } from './two.ts';\nexport { two };\nexport const one = two;",
      'src/a/two.ts': 'export function two(): void;\nexport function two(a?: 1): void {}',
      'test/a.test.ts': "import { one } from '../src/a/one.ts';\nexport const more = one;",
    };
    expect(faults(files, [room('a')])).toEqual([]);
  });

  it.each([
    ['declared', 'export const one = 1;'],
    ['a type', 'export interface one {}'],
    ['in a list', 'const one = 1;\nexport { one };'],
    ['under another name', 'const two = 1;\nexport { two as one };'],
    ['passed on under another name', "export { two as one } from './two.ts';"],
    ['taken out of an object', 'export const { a: one } = { a: 1 };'],
    ['taken out of a list in an object', 'export const { a: [, one] } = { a: [1, 2] };'],
  ])('finds a name that is defined twice: %s', (_, text) => {
    const files = { 'src/a/one.ts': 'export const one = 1;', 'src/a/two.ts': 'export const two = 1;' };
    const fault = 'one has several definitions: src/a/one.ts, ';
    expect(faults({ ...files, 'src/a/x.ts': text }, [room('a')])).toEqual([`${fault}src/a/x.ts`]);
    expect(faults({ ...files, 'test/x.ts': text }, [room('a')])).toEqual([`${fault}test/x.ts`]);
    const generic = new Map([['one', 'on purpose']]);
    expect(faults({ ...files, 'src/a/x.ts': text }, [room('a')], { generic })).toEqual([]);
  });

  it('finds a file that only tests reach, and an exception that is none', () => {
    const files = {
      'src/a/one.ts': "import './two.ts';",
      'src/a/two.ts': '',
      'src/a/three.ts': '',
      'test/a.test.ts': "import '../src/a/three.ts';",
    };
    const entries = ['src/a/one.ts'];
    expect(faults(files, [room('a')], { entries })).toEqual(['src/a/three.ts is reached by tests alone']);
    const unreached = new Map(
      ['src/a/two.ts', 'src/a/three.ts', 'src/a/four.ts'].map((file) => [file, 'yet']),
    );
    expect(faults(files, [room('a')], { entries, unreached })).toEqual([
      'src/a/two.ts need not be excepted any more',
      'src/a/four.ts need not be excepted any more',
    ]);
  });

  it('finds a folder and a file that no room has, and one that two have', () => {
    const files = { 'src/a/one.ts': '', 'src/b/two.ts': '', 'src/c.ts': '' };
    const twice = { name: 'room-again', from: { path: '^src/a/' }, to: { pathNot: [] } };
    expect(faults(files, [room('a'), twice])).toEqual([
      'src/a/one.ts must be in one room, and is in room-a, room-again',
      'src/b/two.ts must be in one room, and is in none',
      'src/c.ts must be in one room, and is in none',
    ]);
    const but = { name: 'room-b', from: { path: '^src/', pathNot: '^src/a/' }, to: { pathNot: [] } };
    expect(faults(files, [room('a'), but])).toEqual([]);
  });

  it('finds what a room need not be allowed: each branch of a pattern, packages and parts of Node', () => {
    const files = {
      'src/a/one.ts':
        "import '../b/two.ts';\nawait import('yaml');\nimport 'node:fs';\nimport 'node:sqlite';",
      'src/b/two.ts': '',
      'src/b/three.ts': '',
    };
    const allowed = [
      '^src/b/(two|three)\\.ts$',
      '^src/c/',
      '^node_modules/(pg|yaml)/',
      '^(fs|os|node:sqlite)$',
    ];
    const need = (pattern: string): string => `room-a in .dependency-cruiser.json need not allow ${pattern}`;
    expect(faults(files, [room('a', ...allowed), room('b')])).toEqual(
      ['^src/b/three\\.ts$', '^src/c/', '^node_modules/pg/', '^os$'].map(need),
    );
  });

  it('lets a room use a whole other one where it uses more than four of its files', () => {
    const rooms = [room('high', '^src/low/'), room('low')];
    const files = (names: readonly string[]): Record<string, string> => ({
      'src/high/a.ts': importing(names),
      ...Object.fromEntries([...few, 'src/low/4.ts'].map((name) => [name, ''])),
    });
    expect(faults(files([...few, 'src/low/4.ts']), rooms)).toEqual([]);
    expect(faults(files(few), rooms)).toEqual([
      `room-high in .dependency-cruiser.json must not allow all of ^src/low/, but ${few.join(', ')}`,
    ]);
  });
});

describe('ARCHITECTURE.md and CONTRIBUTING.md', () => {
  const files = ['src', 'test', 'scripts'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  const words = new Set(
    files
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(join(ROOT, name), 'utf8').match(/\w+/g) ?? []),
  );

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s names only what is there', (document) => {
    const named = [...readFileSync(join(ROOT, document), 'utf8').matchAll(/`([\w./-]+)(?:\(.*\))?`/g)]
      .map(([, name]) => name!)
      .filter((name) => !/[A-Z]{4,}\./.test(name));
    const isPath = (name: string): boolean => /\/|\.(ts|js|json)$/.test(name);
    const isThere = (name: string): boolean =>
      existsSync(join(ROOT, name)) ||
      files.some((file) => `/${file}/`.includes(`/${name.replace(/\/$/, '')}/`));
    const lost = named.filter((name) =>
      isPath(name)
        ? !isThere(name)
        : /[a-z][A-Z]|^[A-Z]/.test(name) && name.split('.').some((word) => !words.has(word)),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(lost).toEqual([]);
  });
});

describe('.dependency-cruiser.json', () => {
  const { forbidden, options } = JSON.parse(readFileSync(join(ROOT, '.dependency-cruiser.json'), 'utf8')) as {
    forbidden: NonNullable<IConfiguration['forbidden']>;
    options: NonNullable<IConfiguration['options']>;
  };

  it('says which part of Node, which package and which room a room may import', async () => {
    const root = makeTestFolder();
    write(root, 'node_modules/pg/package.json', '{ "name": "pg", "version": "1.0.0" }');
    write(root, 'node_modules/pg/index.js', '');
    write(root, 'package.json', '{ "dependencies": { "pg": "1.0.0" } }');
    write(root, 'test/three.ts', 'export {};');
    write(root, 'src/store/two.ts', 'export {};');
    const imports = ['node:crypto', 'node:fs', 'pg', '../store/two.ts', '../../test/three.ts'];
    write(root, 'src/log/one.ts', imports.map((name) => `import '${name}';\n`).join(''));
    const { tsConfig: _, ...rest } = options;
    const { output } = await cruise(['src'], {
      ...rest,
      baseDir: root,
      validate: true,
      ruleSet: { forbidden },
    });
    const { violations } = (output as ICruiseResult).summary;
    expect(violations.map(({ rule, to }) => `${rule.name} ${to}`).sort()).toEqual(
      ['fs', 'node_modules/pg/index.js', 'src/store/two.ts', 'test/three.ts'].map((to) => `room-log ${to}`),
    );
  });
});

describe('eslint.config.js', () => {
  it.each([
    ['Date.now()', 'no-restricted-globals'],
    ['new Date()', 'no-restricted-globals'],
    ['performance.now()', 'no-restricted-globals'],
    ['setTimeout(() => {})', 'no-restricted-globals'],
    ['process.env', 'no-restricted-globals'],
    ['fetch("")', 'no-restricted-globals'],
    ['globalThis.Date', 'no-restricted-globals'],
    ['Math.random()', 'no-restricted-properties'],
    ['import { randomBytes } from "node:crypto"', '@typescript-eslint/no-restricted-imports'],
    ['import { hash } from "node:crypto"', undefined],
  ])('a pure room has no %s', async (text, rule) => {
    // @ts-expect-error the configuration is JavaScript without types
    const { default: config } = (await import('../eslint.config.js')) as { default: Linter.Config[] };
    const used = config
      .filter(({ plugins, rules }) => plugins ?? rules?.['no-restricted-globals'])
      .map(({ plugins, files, rules }) => ({
        ...(plugins && { plugins }),
        ...(files && { files }),
        rules: plugins ? {} : (rules ?? {}),
      }));
    for (const file of [
      'src/objects/a.js',
      'src/rules/a.js',
      'src/log/a.js',
      'src/validator/a/b.js',
      'src/vectors/a.js',
    ])
      expect(new Linter().verify(text, used, file).map(({ ruleId }) => ruleId)).toEqual(rule ? [rule] : []);
    expect(new Linter().verify(text, used, 'src/system/a.js')).toEqual([]);
  });
});

function write(root: string, name: string, text: string): void {
  const file = join(root, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
