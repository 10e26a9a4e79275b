import { dirname, resolve } from 'node:path';
import { CustodyError } from '../errors.ts';
import { compareNames } from '../objects/tree.ts';
import { parseDigest, type Digest } from '../objects/digest.ts';
import { parsePlanDocument } from './plan-document.ts';
import { readRegular } from '../engines/regular-file.ts';
import { parseExpectation } from '../objects/expectation.ts';

export interface Counts {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** A plan file, read and checked. Paths are absolute; lists are sorted where their order means nothing. */
export interface Plan {
  /** The bytes of the file as it stands. */
  readonly document: Uint8Array;
  readonly path: string;
  readonly name: string;
  readonly macro: string | undefined;
  readonly engine: 'sqlite' | 'postgres';
  readonly source: {
    readonly file: string;
    readonly kind: 'surrogate' | 'fixture' | 'real-dump';
    readonly marker: string | undefined;
    readonly sha256: Digest | undefined;
  };
  readonly executor: { readonly file: string; readonly sha256: Digest | undefined };
  readonly session: readonly (readonly [string, string])[];
  readonly preflight: readonly { readonly name: string; readonly sql: string; readonly expect: string }[];
  /** Tables that may be written: those of the boundary, or of the delta where the plan names none. */
  readonly tables: readonly string[];
  readonly delta: readonly Counts[];
  readonly clock: readonly {
    readonly table: string;
    readonly column: string;
    readonly reason: string;
    /** Where it stands in the file. */
    readonly line: number;
  }[];
  readonly bounded: readonly {
    readonly effect: 'sequence';
    readonly name: string;
    readonly reason: string;
  }[];
  readonly legs: readonly ('T' | 'R')[];
  /** Milliseconds. */
  readonly timeLimit: number;
  /** The line of a JSON pointer into the file, from 1. */
  lineOf(pointer: string): number;
}

/** The plan as its JSON Schema admits it. */
interface PlanDocument {
  name: string;
  macro?: string;
  engine: 'sqlite' | 'postgres';
  source: { file: string; kind: 'surrogate' | 'fixture' | 'real-dump'; marker?: string; sha256?: string };
  executor: { file: string; sha256?: string };
  session?: Record<string, string | number | boolean>;
  preflight?: { name: string; sql: string; expect: string | number }[];
  boundary?: { mode?: 'insert-only'; tables?: string[] };
  delta: Record<string, { inserted?: number; updated?: number; deleted?: number }>;
  clock?: { table: string; column: string; reason: string }[];
  bounded?: { effect: 'sequence'; name: string; reason: string }[];
  legs?: ('T' | 'R')[];
  timeLimit?: number;
}

const DEFAULT_TIME_LIMIT = 60;

/** Bytes of a plan file. */
const MAX_PLAN = 1024 * 1024;

/**
 * Reads a plan file.
 * @throws CustodyError PLAN_UNREADABLE (with the cause), PLAN_SYNTAX, PLAN_KEY_UNKNOWN, PLAN_INVALID; `path` is
 *   `FILE:LINE` where a line is to blame.
 */
export async function readPlan(file: string): Promise<Plan> {
  const path = resolve(file);
  let document: Uint8Array | undefined;
  try {
    document = await readRegular(path, MAX_PLAN);
  } catch (cause) {
    throw new CustodyError('PLAN_UNREADABLE', `cannot read the plan ${file}`, {
      cause,
      path: file,
      hint: 'Give the path of a plan file; `custody demo` leaves one to copy from.',
    });
  }
  if (document === undefined) {
    throw new CustodyError('PLAN_UNREADABLE', `the plan ${file} is larger than 1 MiB`, {
      path: file,
      hint: 'Give the path of a plan; data belongs into the source or the executor.',
    });
  }
  return parsePlan(document, path);
}

/** @param path where the plan lies: relative paths in it start from its folder. */
export async function parsePlan(document: Uint8Array, path: string): Promise<Plan> {
  const { value: raw, lineOf } = await parsePlanDocument(document, path);
  const value = raw as PlanDocument;
  const invalid = (pointer: string, message: string): never => {
    throw new CustodyError('PLAN_INVALID', message, {
      path: `${path}:${lineOf(pointer)}`,
      hint: 'Correct this line of the plan.',
    });
  };
  const folder = dirname(path);
  const delta = Object.entries(value.delta)
    .map(([table, c]) => ({
      table,
      inserted: c.inserted ?? 0,
      updated: c.updated ?? 0,
      deleted: c.deleted ?? 0,
    }))
    .sort((a, b) => compareNames(a.table, b.table));
  const tables = [...(value.boundary?.tables ?? delta.map((d) => d.table))].sort(compareNames);
  for (const { table, inserted, updated, deleted } of delta) {
    if (inserted + updated + deleted === 0)
      invalid(`/delta/${table}`, `the delta of ${table} is empty; leave the table out`);
    if (updated + deleted > 0)
      invalid(`/delta/${table}`, `the delta of ${table} updates or deletes, but the boundary is insert-only`);
    if (!tables.includes(table)) invalid('/boundary', `${table} is in the delta but not within the boundary`);
  }
  const preflight = (value.preflight ?? []).map((p, i) => {
    const expect = String(p.expect);
    if (!parseExpectation(expect))
      invalid(`/preflight/${i}/expect`, `cannot read the expectation ${JSON.stringify(expect)}`);
    return { name: p.name, sql: p.sql, expect };
  });
  const once = (field: 'preflight' | 'clock' | 'bounded', names: readonly string[]): void => {
    names.forEach((name, i) => {
      if (names.indexOf(name) < i) invalid(`/${field}/${i}`, `${name.replace('\0', '.')} is named twice`);
    });
  };
  once(
    'preflight',
    preflight.map((p) => p.name),
  );
  once('clock', value.clock?.map(({ table, column }) => `${table}\0${column}`) ?? []);
  once('bounded', value.bounded?.map((b) => b.name) ?? []);
  if (value.engine === 'sqlite' && value.bounded?.length)
    invalid('/bounded', 'SQLite undoes its counters with everything else; nothing may be bounded');
  const legs = value.legs ?? ['T', 'R'];
  if (legs.join() !== 'T,R') invalid('/legs', 'the legs of a rehearsal are T and R, in this order');
  return {
    document,
    path,
    name: value.name,
    macro: value.macro,
    engine: value.engine,
    source: {
      file: resolve(folder, value.source.file),
      kind: value.source.kind,
      marker: value.source.marker,
      sha256: value.source.sha256 === undefined ? undefined : parseDigest(value.source.sha256),
    },
    executor: {
      file: resolve(folder, value.executor.file),
      sha256: value.executor.sha256 === undefined ? undefined : parseDigest(value.executor.sha256),
    },
    session: Object.entries(value.session ?? {}).map(([k, v]) => [k, String(v)]),
    preflight,
    tables,
    delta,
    clock: (value.clock ?? [])
      .map((entry, i) => ({ ...entry, line: lineOf(`/clock/${i}`) }))
      .sort((a, b) => compareNames(`${a.table}\0${a.column}`, `${b.table}\0${b.column}`)),
    bounded: [...(value.bounded ?? [])].sort((a, b) => compareNames(a.name, b.name)),
    legs,
    timeLimit: Math.max(1, Math.round((value.timeLimit ?? DEFAULT_TIME_LIMIT) * 1000)),
    lineOf,
  };
}
