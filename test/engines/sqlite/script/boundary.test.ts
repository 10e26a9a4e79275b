import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Boundary } from '../../../../src/engines/engine.ts';
import { SqliteConnection } from '../../../../src/engines/sqlite/process/connection.ts';
import { sessionPragmas } from '../../../../src/engines/sqlite/script/pragmas.ts';
import { ALLOWED, REFUSED, SCHEMA } from './boundary-cases.ts';
import { boundary, make, useTemp } from '../helpers.ts';
import { refuses } from '../../../support/refusals.ts';

/**
 * What each list of a boundary lets through, and what it does not, on the connection that the child uses. After each
 * refusal the rolled-back file is what it was; after each success the rows that changed are the ones that were allowed.
 */
const temp = useTemp();
let path: string;
let before: string;

const TABLES =
  't other seq seq2 parent child grand orphan replacing log nest nest2 counts sqlite_sequence'.split(' ');

beforeAll(() => {
  path = make(temp.file('boundary.db'), SCHEMA);
  before = contents();
});

function contents(): string {
  using db = new DatabaseSync(path, { readOnly: true });
  return JSON.stringify(TABLES.map((table) => [table, db.prepare(`SELECT * FROM ${table}`).all()]));
}

/** `update t log, counters`: what may be done to which tables, and nothing else. */
function allowing(words: string): Boundary {
  const lists = words.split(', ').map((list) => list.split(' '));
  const { counters, ...actions } = Object.fromEntries(
    lists.map(([action, ...tables]) => [action, tables]),
  ) as Record<string, string[] | undefined>;
  return boundary({ ...actions, counters: counters !== undefined });
}

/** Runs a script on a copy of the state, and takes it back. @returns the tables whose rows it changed. */
function run(script: string, allowed: string, pragmas: [string, string][] = []): string[] {
  const connection = new SqliteConnection(path, sessionPragmas(pragmas));
  try {
    const rows = (table: string): string =>
      connection.query(`SELECT group_concat(r, '|') FROM (SELECT ${columns(table)} AS r FROM ${table})`);
    connection.begin();
    const was = new Map(Object.keys(COLUMNS).map((table) => [table, rows(table)]));
    connection.apply(script, allowing(allowed));
    return [...was].filter(([table, text]) => rows(table) !== text).map(([table]) => table);
  } finally {
    connection.rollback();
    connection.close();
    expect(contents()).toBe(before);
  }
}

const COLUMNS: Record<string, string[]> = {
  t: ['id', 'a', 'b'],
  other: ['x'],
  seq: ['id', 'a'],
  parent: ['id', 'n'],
  child: ['id', 'p'],
  grand: ['c'],
  orphan: ['p'],
  replacing: ['a', 'b'],
  log: ['a', 'b'],
  nest: ['a'],
  sqlite_sequence: ['name', 'seq'],
};
function columns(table: string): string {
  return (COLUMNS[table] ?? []).map((name) => `quote(${name})`).join(` || ' ' || `);
}

describe('a boundary by action', () => {
  it.each(ALLOWED)('lets through: %s', (_, script, allowed, changed) => {
    expect(run(script, allowed).sort()).toEqual(changed.split(' ').sort());
  });

  it.each(REFUSED)('refuses: %s', (_, script, allowed, code = 'BOUNDARY_VIOLATED', at) => {
    refuses(() => run(script, allowed), code, at);
  });

  it('knows foreign keys only where the session enforces them', () => {
    const allowed = 'delete parent';
    refuses(() => run(`DELETE FROM parent`, allowed), 'BOUNDARY_VIOLATED');
    expect(run(`DELETE FROM parent`, allowed, [['foreign_keys', 'off']])).toEqual(['parent']);
  });

  it('refuses before anything runs, and says where', () => {
    const twice = (): unknown => run(`DELETE FROM t; UPDATE other SET x = 1`, 'update t, delete t');
    refuses(twice, 'BOUNDARY_VIOLATED', 'statement 2');
  });
});
