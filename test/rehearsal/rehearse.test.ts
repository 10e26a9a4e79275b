import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CustodyError, type ErrorCode } from '../../src/errors.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { storeContent } from '../../src/objects/file.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { putObject } from '../../src/objects/sink.ts';
import { parsePlan, type Plan } from '../../src/rehearsal/plan.ts';
import { rehearse, type RehearsalResult } from '../../src/rehearsal/rehearse.ts';
import { judge } from '../../src/validator/judge.ts';
import { FakeEngine, type Lies } from './fake-engine.ts';

const SCRIPT = 'INSERT INTO births …';
let temp: string;
let plan: Plan;

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'custody-rehearse-'));
  const text = `custody: plan/1
name: one birth
engine: sqlite
source: { file: source.sqlite, kind: fixture }
executor: { file: birth.sql }
preflight: [{ name: two births, sql: SELECT count(*) FROM births, expect: '== 2' }]
delta: { births: { inserted: 1 } }
clock: [{ table: births, column: born, reason: the clock }]
`;
  plan = await parsePlan(Buffer.from(text), join(temp, 'plan.yaml'));
});
beforeEach(() => writeFileSync(join(temp, 'birth.sql'), SCRIPT));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

interface Ran extends RehearsalResult {
  readonly found: string[];
  readonly objects: MemoryObjects;
}

async function run(engine: FakeEngine, changes: Partial<Plan> = {}): Promise<Ran> {
  const objects = new MemoryObjects();
  const code = new Uint8Array(Buffer.from('export {};'));
  const file = storeContent(objects, code);
  const validator = putObject(objects, {
    kind: 'validator',
    v: 1,
    name: 'v',
    file,
    sha256: sha256Bytes(code),
    runner: 'node',
  });
  const result = await rehearse({ ...plan, ...changes }, engine, objects, { validator, now: Date.now });
  const { findings, accepted } = judge(result.rehearsal.digest, objects);
  const found = findings.map(({ code: c, path }) => `${c} ${path}`).sort();
  expect(accepted).toBe(found.length === 0);
  return { ...result, found, objects };
}

async function refused(engine: FakeEngine, changes: Partial<Plan> = {}): Promise<ErrorCode> {
  const error: unknown = await run(engine, changes).then(
    () => 'not refused',
    (reason: unknown) => reason,
  );
  if (error instanceof CustodyError) return error.code;
  throw new Error('not refused', { cause: error });
}

describe('an honest engine', () => {
  it('gives evidence that is accepted', async () => {
    const { found, legs, objects, rehearsal } = await run(new FakeEngine());
    expect(found).toEqual([]);
    expect(legs.map(({ leg, ended }) => [leg, ended])).toEqual([
      ['T', 'rolled-back'],
      ['R', 'committed'],
    ]);
    expect(decodeKind('rehearsal', objects.get(rehearsal.digest)).delta).toEqual([
      { table: 'births', inserted: 1, updated: 0, deleted: 0 },
    ]);
  });

  it('is asked for everything in order, and everything is closed', async () => {
    const engine = new FakeEngine();
    await run(engine);
    expect(engine.calls).toEqual([
      'prepare',
      'restore before',
      'capture before',
      'query SELECT count(*) FROM births',
      'capture before',
      'dispose before',
      ...['restore T', 'capture T', 'open T', 'apply T', 'close T', 'capture T', 'dispose T'],
      ...[
        'restore R',
        'capture R',
        'open R',
        'apply R',
        'close R',
        'capture R',
        'reset R',
        'capture R',
        'dispose R',
      ],
      'isolation',
      'dispose workspace',
    ]);
  });

  it('gives the same rehearsal twice, whatever its clock says, and another run', async () => {
    const [a, b] = [await run(new FakeEngine()), await run(new FakeEngine())];
    expect(a.rehearsal).toEqual(b.rehearsal);
    expect(a.run.afters).not.toEqual(b.run.afters);
  });

  it('gives different after-states where the plan does not declare the clock', async () => {
    const { found } = await run(new FakeEngine(), { clock: [] });
    expect(found).toEqual(['AFTER_STATES_DIFFER legs/R/after']);
  });

  it('is accepted only with the pinned source and executor', async () => {
    const source = { ...plan.source, sha256: digestOf(new Uint8Array(Buffer.from('source'))) };
    const executor = { ...plan.executor, sha256: digestOf(new Uint8Array(Buffer.from(SCRIPT))) };
    expect((await run(new FakeEngine(), { source, executor })).found).toEqual([]);
  });
});

describe('what is refused before anything runs', () => {
  const NOTHING_RAN = (calls: string[]): boolean => !calls.some((call) => /^(open|apply)/.test(call));

  it.each<[string, ErrorCode, Lies, (plan: Plan) => Partial<Plan>]>([
    ['a preflight that fails', 'PREFLIGHT_FAILED', { query: '3' }, () => ({})],
    ['a preflight whose answer is no number', 'PREFLIGHT_FAILED', { query: '2.0' }, () => ({})],
    [
      'another source',
      'SOURCE_CHANGED',
      { source: 'another' },
      (p) => ({ source: { ...p.source, sha256: digestOf(new Uint8Array(Buffer.from('source'))) } }),
    ],
    [
      'another executor',
      'EXECUTOR_CHANGED',
      {},
      (p) => ({ executor: { ...p.executor, sha256: digestOf(new Uint8Array(0)) } }),
    ],
    [
      'an executor that is missing',
      'PATH_NOT_FOUND',
      {},
      () => ({ executor: { file: join(temp, 'missing.sql'), sha256: undefined } }),
    ],
    ['a plan without legs', 'PLAN_INVALID', {}, () => ({ legs: [] })],
  ])('%s', async (_, code, lies, changes) => {
    const engine = new FakeEngine(lies);
    expect(await refused(engine, changes(plan))).toBe(code);
    expect(NOTHING_RAN(engine.calls)).toBe(true);
    expect(engine.calls.includes('prepare')).toBe(engine.calls.includes('dispose workspace'));
  });
});

describe('what the runner does not take for evidence is thrown, and all is closed', () => {
  it.each<ErrorCode>([
    'BOUNDARY_VIOLATED',
    'SQL_SYNTAX',
    'TRANSACTION_CONTROL',
    'ENGINE_FAILED',
    'INTERRUPTED',
  ])('%s', async (code) => {
    const engine = new FakeEngine({ apply: code });
    expect(await refused(engine)).toBe(code);
    expect(engine.calls.slice(-3)).toEqual(['close T', 'dispose T', 'dispose workspace']);
  });
});

describe('an engine that lies is found out', () => {
  const failed = (code: string): string[] =>
    [
      `${code} legs/T/statement 1`,
      'LEG_MISSING legs/R',
      'NO_REAL_CHANGE legs/T/after',
      'TRANSACTION_LOST legs/T/ended',
    ].sort();
  const beyond = (...tails: string[]): string[] =>
    ['R', 'T'].flatMap((leg) => tails.map((tail) => tail.replace('LEG', leg))).sort();

  it.each<[string, Lies, string[]]>([
    ['ROLLBACK does nothing', { rollback: 'does nothing' }, ['ROLLBACK_NOT_EXACT legs/T/back/births']],
    [
      'ROLLBACK brings all but one row back',
      { rollback: 'takes a row along' },
      ['ROLLBACK_NOT_EXACT legs/T/back/births'],
    ],
    [
      'COMMIT does nothing',
      { commit: 'does nothing' },
      [
        'AFTER_STATES_DIFFER legs/R/after',
        'DELTA_UNEXPECTED legs/R/delta/births',
        'NO_REAL_CHANGE legs/R/after',
      ],
    ],
    ['the restore does nothing', { reset: 'does nothing' }, ['ROLLBACK_NOT_EXACT legs/R/back/births']],
    ['the restore loses a row', { reset: 'loses a row' }, ['ROLLBACK_NOT_EXACT legs/R/back/births']],
    ['a transaction is left open in leg T', { open: 'T' }, ['TRANSACTION_OPEN legs/T']],
    ['a transaction is left open in leg R', { open: 'R' }, ['TRANSACTION_OPEN legs/R']],
    [
      'the image is not the before-state in leg R',
      { image: 'R' },
      [
        'AFTER_STATES_DIFFER legs/R/after',
        'BOUNDARY_EXCEEDED legs/R/after/births',
        'DELTA_UNEXPECTED legs/R/delta/births',
        'IMAGE_UNVERIFIED legs/R/start',
      ],
    ],
    [
      'the image is not the before-state in leg T',
      { image: 'T' },
      [
        'AFTER_STATES_DIFFER legs/R/after',
        'BOUNDARY_EXCEEDED legs/T/after/births',
        'DELTA_UNEXPECTED delta/births',
        'DELTA_UNEXPECTED legs/T/delta/births',
        'IMAGE_UNVERIFIED image/restored',
        'IMAGE_UNVERIFIED legs/T/start',
        'ROLLBACK_NOT_EXACT legs/T/back/births',
      ],
    ],
    [
      'reading changes the database',
      { capture: 'writes', query: '2' },
      [
        ...beyond('DELTA_UNEXPECTED legs/LEG/delta/births'),
        'DELTA_UNEXPECTED delta/births',
        'ENTRY_EXIT_DIFFERS exit',
        'ROLLBACK_NOT_EXACT legs/T/back/births',
      ],
    ],
    [
      'the state inside the transaction is another',
      { inside: 'another name' },
      ['AFTER_STATES_DIFFER legs/R/after'],
    ],
    ['the bytes differ', { identical: false }, beyond('ROLLBACK_NOT_EXACT legs/LEG/identical')],
    ['the bytes were not compared', { identical: null }, beyond('ROLLBACK_NOT_EXACT legs/LEG/identical')],
    [
      'isolation does not hold',
      { isolation: ['source-unchanged'] },
      ['ISOLATION_UNPROVEN isolation/source-unchanged'],
    ],
    [
      'nothing changes',
      { writes: 'nothing' },
      [
        ...beyond('NO_REAL_CHANGE legs/LEG/after', 'DELTA_UNEXPECTED legs/LEG/delta/births'),
        'DELTA_UNEXPECTED delta/births',
      ],
    ],
    [
      'a row is updated too',
      { writes: 'an update' },
      [
        ...beyond('BOUNDARY_EXCEEDED legs/LEG/after/births', 'DELTA_UNEXPECTED legs/LEG/delta/births'),
        'DELTA_UNEXPECTED delta/births',
      ],
    ],
    [
      'a row is deleted too',
      { writes: 'a deletion' },
      [
        ...beyond('BOUNDARY_EXCEEDED legs/LEG/after/births', 'DELTA_UNEXPECTED legs/LEG/delta/births'),
        'DELTA_UNEXPECTED delta/births',
      ],
    ],
    [
      'a row is inserted too',
      { writes: 'another row' },
      [...beyond('DELTA_UNEXPECTED legs/LEG/delta/births'), 'DELTA_UNEXPECTED delta/births'],
    ],
    ['the script fails', { apply: 'SQL_FAILED' }, failed('SQL_FAILED')],
    ['the script takes too long', { apply: 'TIME_LIMIT' }, failed('TIME_LIMIT')],
    ['the script loses its transaction', { apply: 'TRANSACTION_LOST' }, failed('TRANSACTION_LOST')],
    [
      'the script fails and its session is gone',
      { apply: 'SQL_FAILED', failedRollback: 'fails' },
      failed('SQL_FAILED'),
    ],
    [
      'the script fails and ROLLBACK does nothing',
      { apply: 'SQL_FAILED', open: 'T' },
      ['TRANSACTION_OPEN legs/T', ...failed('SQL_FAILED')],
    ],
  ])('%s', async (_, lies, expected) => {
    const { found, legs } = await run(new FakeEngine(lies));
    // The delta that the evidence claims is the first leg's; a failed leg claims none.
    const claimed = lies.apply ? ['DELTA_UNEXPECTED delta/births'] : [];
    expect(found).toEqual([...expected, ...claimed].sort());
    if (lies.apply) expect(legs.map(({ leg, ended }) => [leg, ended])).toEqual([['T', 'failed']]);
  });

  it('and so is an executor that is swapped while it runs', async () => {
    const file = join(temp, 'birth.sql');
    const { found } = await run(new FakeEngine({}, () => writeFileSync(file, 'DELETE FROM births')));
    expect(found).toEqual(['EXECUTOR_CHANGED executor/after']);
  });

  it('and an executor that is gone afterwards leaves no rehearsal', async () => {
    const file = join(temp, 'birth.sql');
    expect(await refused(new FakeEngine({}, () => rmSync(file, { force: true })))).toBe('PATH_NOT_FOUND');
  });
});
