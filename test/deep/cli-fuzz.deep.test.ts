import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { run } from '../../src/cli/main.ts';
import { filesBelow, sealedFolder, useFolder } from './ledgers.ts';
import { Dice } from './random-database.ts';

const folder = useFolder();
const EXITS = [0, 1, 2, 3, 4];
const PLAN = `custody: plan/2
name: one row
engine: sqlite
source: { file: app.sqlite, kind: fixture }
executor: { file: insert.sql }
session: { cache_size: 10 }
preflight:
  - { name: two rows, sql: SELECT count(*) FROM t, expect: '== 2' }
boundary: { mode: insert-only, tables: [t] }
delta:
  t: { inserted: 1 }
timeLimit: 5
`;
const SCRIPT = `BEGIN;\nINSERT INTO t (name, "at") VALUES ('new', NULL);\nCOMMIT;\n`;

let pristine: string;
let work: string;

beforeAll(async () => {
  pristine = folder.file('pristine');
  mkdirSync(pristine);
  {
    using db = new DatabaseSync(join(pristine, 'app.sqlite'));
    db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, "at"); CREATE INDEX i ON t (name);
      INSERT INTO t VALUES (1, 'one', 1.5), (2, NULL, x'00'); CREATE TABLE w (k PRIMARY KEY) WITHOUT ROWID;
      INSERT INTO w VALUES ('a'), (zeroblob(5000));`);
  }
  writeFileSync(join(pristine, 'plan.yaml'), PLAN);
  writeFileSync(join(pristine, 'insert.sql'), SCRIPT);
  await sealedFolder(join(pristine, 'packet'), { 'a.txt': 'evidence\n', 'b.json': '{"x": 1}\n' });
  mkdirSync(join(pristine, 'empty'));
  writeFileSync(
    join(pristine, 'noise.bin'),
    Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 197) & 255)),
  );
  writeFileSync(join(pristine, 'dump.sql'), '-- PostgreSQL database dump\nSELECT 1;\n');
  writeFileSync(join(pristine, 'dump.sql.gz'), gzipSync('-- PostgreSQL database dump\n').subarray(0, 30));
  await custody(['init', '.', '--origin', 'fuzz.example/log'], pristine);
  await custody(['commit', 'packet', '-m', 'a packet'], pristine);
  await custody(['snapshot', 'app.sqlite'], pristine);
  work = folder.file('work');
});

beforeEach(() => reset());

function reset(): void {
  rmSync(work, { recursive: true, force: true });
  cpSync(pristine, work, { recursive: true });
}

/** Runs the command line in process. A run that takes longer than a minute is a hang: the test says which. */
async function custody(
  argv: readonly string[],
  cwd = work,
): Promise<{ exit: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 60_000);
  const exit = await run(argv, {
    stdout: { write: (data) => (out += String(data)) },
    stderr: { write: (data) => (err += data) },
    env: { CUSTODY_AUTHOR: 'fuzzer' },
    cwd,
    signal: stop.signal,
  });
  clearTimeout(timer);
  expect(stop.signal.aborted, `hangs: ${JSON.stringify(argv)}`).toBe(false);
  expect(EXITS, `${JSON.stringify(argv)}: ${out.slice(-3000)}${err}`).toContain(exit);
  const named = argv.some((word) => COMMANDS.has(word));
  if (named && argv.includes('--json') && exit !== 0 && out !== '')
    expect(() => JSON.parse(out) as unknown, `${JSON.stringify(argv)} prints no JSON: ${out}`).not.toThrow();
  return { exit, out, err };
}

/** What must not change: everything in the ledger but its lock and its disposable index. */
function ledgerState(): string {
  const hash = createHash('sha256');
  for (const [name, bytes] of filesBelow(join(work, '.custody')))
    if (!name.startsWith('index/') && name !== 'lock')
      hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  return hash.digest('hex');
}

/** Runs it; where it fails, the ledger must be what it was. @returns the exit code. */
async function harmless(argv: readonly string[]): Promise<number> {
  const before = ledgerState();
  const { exit, out, err } = await custody(argv);
  // A rejected rehearsal is evidence and is recorded, with exit code 1.
  const rejected = argv[0] === 'rehearse' && exit === 1 && /rejected|"accepted": false/i.test(out);
  if (exit !== 0 && !rejected)
    expect(ledgerState(), `${JSON.stringify(argv)} failed and changed the ledger: ${out}${err}`).toBe(before);
  return exit;
}

/** Flips, cuts, doubles, inserts: one to four of them. */
function mutate(bytes: Buffer, dice: Dice): Buffer {
  let out = Buffer.from(bytes);
  for (let n = 1 + dice.roll(4); n > 0; n--) {
    const at = dice.roll(out.length + 1);
    const to = Math.min(out.length, at + dice.roll(40));
    switch (dice.roll(5)) {
      case 0:
        if (at < out.length) out[at]! ^= 1 << dice.roll(8);
        break;
      case 1:
        out = Buffer.concat([out.subarray(0, at), out.subarray(to)]);
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, to), out.subarray(at)]);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), Buffer.from([dice.roll(256)]), out.subarray(at)]);
        break;
      default:
        if (dice.chance(20)) out = out.subarray(0, at);
        else out.fill(dice.pick([0, 255, 32, 10, 39]), at, to);
    }
  }
  return out;
}

const NAMES = [...COMMANDS.keys()].filter((name) => name !== 'demo');
const SUBJECTS = [
  ...'HEAD HEAD~1 HEAD~99 @0 @1 @2 @999 @-1 HEAD:a.txt @1: @1:b.json @1:nowhere'.split(' '),
  ...['deadbeef', '0'.repeat(64), 'f'.repeat(63), '', ' ', '\0', '\n', '💥'],
  ...'.. . %s __proto__ constructor'.split(' '),
  ...'packet empty app.sqlite plan.yaml noise.bin dump.sql dump.sql.gz insert.sql .custody'.split(' '),
  ...'packet/a.txt seal objects list pin selftest nope 1e999 -5 0'.split(' '),
  'x'.repeat(5000),
];
const FLAGS = '--json --quiet --help --version --dry-run --exit-code --check -- - -h -q'.split(' ');
const VALUED = '--ledger --expect --against --require --key -m --lane --author --out --origin'.split(' ');
const ODD =
  '--no-json --json=maybe --ledger= --lock-timeout=NaN --lock-timeout=1e-9 --__proto__=1 --x.y=1'.split(' ');

describe('random words', () => {
  const seen = new Map<number, number>();
  const count = (exit: number): void => void seen.set(exit, (seen.get(exit) ?? 0) + 1);

  it.each(Array.from({ length: 8 }, (_, i) => i + 1))('any words at all, batch %i', async (batch) => {
    const dice = new Dice(batch * 31_337);
    const words = [...NAMES, ...SUBJECTS, ...FLAGS, ...VALUED, ...ODD];
    for (let i = 0; i < 100; i++) {
      const argv = Array.from({ length: dice.roll(6) }, () => dice.pick(words));
      if (dice.chance(70)) argv.unshift(dice.pick(NAMES));
      count(await harmless(argv));
    }
  });

  it.each(Array.from({ length: 16 }, (_, i) => i + 1))('nearly right commands, batch %i', async (batch) => {
    const dice = new Dice(batch * 17_389);
    for (let i = 0; i < 150; i++) {
      const name = dice.pick(NAMES);
      const argv = [name];
      for (let n = COMMANDS.get(name)!.usage.split(' ').length - 1; n > 0; n--)
        argv.push(dice.pick(SUBJECTS));
      if (dice.chance(20)) argv.pop();
      if (dice.chance(30)) argv.push(dice.pick(VALUED), dice.pick(SUBJECTS));
      if (dice.chance(40)) argv.push('--json');
      if (dice.chance(15)) argv.push(dice.pick([...FLAGS, ...ODD]));
      count(await harmless(argv));
      if (i % 15 === 14) reset();
    }
  });

  it('got as far as success, evidence faults and usage faults', () => {
    for (const exit of [0, 1, 2]) expect(seen.get(exit) ?? 0, `exit ${exit}`).toBeGreaterThan(20);
  });
});

describe('random bytes', () => {
  it.each([1, 2, 3, 4])('as plans, batch %i', async (batch) => {
    const dice = new Dice(batch * 101);
    for (let i = 0; i < 60; i++) {
      writeFileSync(join(work, 'plan.yaml'), mutate(Buffer.from(PLAN), dice));
      await harmless(['rehearse', 'plan.yaml', ...(dice.chance(50) ? ['--json'] : [])]);
    }
  });

  it.each([1, 2])('as executors, batch %i', async (batch) => {
    const dice = new Dice(batch * 103);
    for (let i = 0; i < 40; i++) {
      writeFileSync(join(work, 'insert.sql'), mutate(Buffer.from(SCRIPT), dice));
      await harmless(['rehearse', 'plan.yaml', '--json']);
    }
  });

  it.each([1, 2, 3])('as databases, batch %i', async (batch) => {
    const dice = new Dice(batch * 107);
    const bytes = readFileSync(join(pristine, 'app.sqlite'));
    for (let i = 0; i < 80; i++) {
      writeFileSync(join(work, 'app.sqlite'), mutate(bytes, dice));
      const argv = dice.pick([
        ['snapshot', 'app.sqlite'],
        ['snapshot', 'app.sqlite', '--dry-run', '--json'],
        ['diff', 'app.sqlite', 'HEAD', '--exit-code'],
        ['rehearse', 'plan.yaml', '--json'],
      ]);
      await harmless(argv);
    }
  });

  it.each([1, 2, 3])('as packet folders, batch %i', async (batch) => {
    const dice = new Dice(batch * 109);
    const names = readdirSync(join(pristine, 'packet'));
    for (let i = 0; i < 80; i++) {
      for (const name of names) copyFileSync(join(pristine, 'packet', name), join(work, 'packet', name));
      const name = dice.pick(names);
      const changed = mutate(readFileSync(join(pristine, 'packet', name)), dice);
      writeFileSync(join(work, 'packet', name), changed);
      const same = changed.equals(readFileSync(join(pristine, 'packet', name)));
      const exit = await harmless(['verify', 'packet', '--against', '@1', '--json']);
      expect(exit, `packet/${name} changed`).toBe(same ? 0 : 1);
      expect(await harmless(['commit', 'packet', '-m', 'fuzz'])).toBe(same ? 0 : 1);
    }
  });

  it.each([1, 2, 3])('as files of the ledger, batch %i', async (batch) => {
    const dice = new Dice(batch * 113);
    const files = [...filesBelow(join(pristine, '.custody'))].filter(([name]) => name !== 'lock');
    for (let i = 0; i < 60; i++) {
      reset();
      const [name, bytes] = dice.pick(files);
      rmSync(join(work, '.custody', name));
      const changed = mutate(bytes, dice);
      writeFileSync(join(work, '.custody', name), changed);
      for (const argv of [
        ['log', '--json'],
        ['show', '@1'],
        ['cat', '@1:a.txt'],
        ['diff', '@1', 'packet'],
        ['verify', 'HEAD'],
      ])
        await harmless(argv);
      const { exit } = await custody(['fsck', '--json']);
      const covered = name.startsWith('packs/') || name.startsWith('heads/');
      if (covered) expect(exit, `${name} changed`).toBe(changed.equals(bytes) ? 0 : 1);
      if (name.startsWith('index/')) {
        expect(exit, `${name} changed`).toBe(0);
        expect(await harmless(['commit', 'packet', '-m', 'with a broken index'])).toBe(0);
        expect((await custody(['fsck'])).exit).toBe(0);
      }
    }
  });
});
