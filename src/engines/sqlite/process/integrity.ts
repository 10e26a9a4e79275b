import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { CustodyError, type ErrorCode } from '../../../errors.ts';
import { program } from '../../../system/confined-root.ts';
import type { Reader } from '../capture/reader.ts';
import type { SqlReads } from '../capture/sql-reads.ts';
import { attemptRead } from '../script/sql-error.ts';
import { integrityEntry } from './worker-entry.ts';

/** What integrity-main.ts prints. */
export type IntegrityAnswer =
  | { readonly faults: readonly string[] }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string } };

/**
 * SQLite's integrity check. Where it computes what the schema says (an index of expressions, a virtual table), that may
 * take for ever, and no signal reaches this process meanwhile: then another process does it, which can be ended.
 * @throws CustodyError DATABASE_CORRUPT, with what SQLite found; INTERRUPTED, TIME_LIMIT, ENGINE_FAILED. Values that break a
 *   NOT NULL or a CHECK, or have another type than their column's affinity would give them, are state like any other (a
 *   constraint or a declared type may be younger than its rows) and no corruption.
 */
export async function checkIntegrity({ reads, path }: Reader, signal?: AbortSignal): Promise<void> {
  const computes = attemptRead(() => reads.all(COMPUTES)).length > 0;
  refuseFaults(computes ? await faultsInChild(path, signal) : integrityFaults(reads));
}

/** @throws CustodyError DATABASE_CORRUPT */
export function refuseFaults(faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new CustodyError('DATABASE_CORRUPT', `the integrity check failed: ${faults.join('; ')}`, {
    hint: 'Run PRAGMA integrity_check on the source, repair it, and take a new copy.',
  });
}

/** @returns the first five. @throws CustodyError for what SQLite throws. */
export function integrityFaults(reads: SqlReads): string[] {
  const faults: string[] = [];
  attemptRead(() => {
    // By default it stops after 100 messages, and what is no fault could hide what is one.
    for (const [line] of reads.rows('PRAGMA integrity_check(2147483647)')) {
      const text = String(line);
      if (text !== 'ok' && !NO_FAULT.test(text)) faults.push(text);
      if (faults.length === 5) break;
    }
  });
  return faults;
}

const NO_FAULT = /^(NULL|NUMERIC|TEXT) value in /;

/**
 * Virtual tables, generated columns (which may be indexed), and indexes that may call a function or match a pattern: a
 * parenthesis after that of their columns, or such a word anywhere. What remains of partial indexes and of expressions,
 * comparisons of a row's own values, takes no longer than reading the row.
 */
const COMPUTES = `SELECT 1 FROM main.sqlite_schema AS s WHERE (s.type = 'table' AND (
    s.rootpage IS NULL OR s.rootpage = 0
    OR EXISTS (SELECT 1 FROM pragma_table_xinfo(s.name, 'main') WHERE hidden > 1)))
  OR (s.type = 'index' AND (instr(substr(s.sql, instr(s.sql, '(') + 1), '(') > 0
    OR ${['LIKE', 'GLOB', 'MATCH', 'REGEXP'].map((word) => `s.sql LIKE '%${word}%'`).join(' OR ')}))`;

/** Milliseconds that a check, or a window of rows that must be sorted first, may take. */
export function readLimit(bytes: number): number {
  return LIMIT.base + LIMIT.perMiB * Math.ceil(bytes / 2 ** 20);
}

const LIMIT = { base: 300_000, perMiB: 1_000 };

async function faultsInChild(path: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const setpriv = program('setpriv');
  const node = [process.execPath, '--no-warnings', integrityEntry(), path];
  const [command, ...args] = setpriv === undefined ? node : [setpriv, '--pdeathsig', 'KILL', ...node];
  const limit = readLimit(statSync(path).size);
  const ends = AbortSignal.any([AbortSignal.timeout(limit), ...(signal ? [signal] : [])]);
  const child = spawn(command!, args, {
    env: { LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: ends,
    killSignal: 'SIGKILL',
  });
  const [output, errors] = [child.stdout, child.stderr].map(
    (stream) => stream.toArray() as Promise<Buffer[]>,
  );
  // An abort is an error of the child, too, and comes before its end: what it was is asked below.
  child.on('error', () => undefined);
  await new Promise((resolve) => child.once('close', resolve));
  if (signal?.aborted)
    throw new CustodyError('INTERRUPTED', 'interrupted', { hint: 'Run the command again.' });
  if (ends.aborted)
    throw new CustodyError('TIME_LIMIT', `the integrity check took more than ${Math.round(limit / 1000)} s`, {
      hint: 'Look at what the indexes of this database compute: PRAGMA integrity_check evaluates it for each row.',
    });
  const text = Buffer.concat(await output!).toString('utf8');
  if (child.exitCode !== 0)
    throw new CustodyError(
      'ENGINE_FAILED',
      `the integrity check ended with ${child.signalCode ?? child.exitCode}: ${Buffer.concat(await errors!)
        .toString('utf8')
        .slice(-2_000)}`,
      { hint: 'This is a bug: please report it.' },
    );
  const answer = JSON.parse(text) as IntegrityAnswer;
  if ('faults' in answer) return answer.faults;
  const { code, message, hint } = answer.error;
  throw new CustodyError(code, message, { hint });
}
