import { statSync } from 'node:fs';
import { CustodyError } from '../../../errors.ts';
import type { Reader } from '../capture/reader.ts';
import type { SqlReads } from '../capture/sql-reads.ts';
import { attemptRead } from '../script/sql-error.ts';
import { askMain } from './main-process.ts';
import { integrityEntry } from './worker-entry.ts';

/** What integrity-main.ts prints. */
export interface IntegrityAnswer {
  readonly faults: readonly string[];
}

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
  const { faults } = await askMain<IntegrityAnswer>([integrityEntry(), path], {
    what: 'the integrity check',
    limit: readLimit(statSync(path).size),
    hint: 'Look at what the indexes of this database compute: PRAGMA integrity_check evaluates it for each row.',
    ...(signal && { signal }),
  });
  return faults;
}
