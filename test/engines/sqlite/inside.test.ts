import { readdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { CustodyError } from '../../../src/errors.ts';
import type { Session } from '../../../src/engines/engine.ts';
import { SqlChild } from '../../../src/engines/sqlite/process/child.ts';
import { SqliteConnection } from '../../../src/engines/sqlite/process/connection.ts';
import { SqliteWorkspace } from '../../../src/engines/sqlite/workspace.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { byFile, byImage, byParts, partsInside } from './inside.ts';
import { boundary, children, make, useTemp } from './helpers.ts';
import { refuses } from '../../support/refusals.ts';

const temp = useTemp();
let count = 0;
const made = (...sql: string[]): string => make(temp.file(`${++count}.db`), ...sql);
const ROWS = (n: number): string =>
  `WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT ${n})`;
const ALL = [
  't',
  'w',
  'f',
  'f_data',
  'f_idx',
  'f_content',
  'f_docsize',
  'f_config',
  'r',
  'r_node',
  'r_rowid',
  'r_parent',
];
const EVERYTHING = boundary({ insert: ALL, update: ALL, delete: ALL });

const LONG = (end: string): string => `CAST(zeroblob(1500) || x'${end}' AS BLOB)`;

/** Schema, rows, and what the transaction does. */
const CASES: Record<string, readonly [before: string, inside: string]> = {
  'a UTF-16 database with lone surrogates': [
    `PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('￿', 1), ('🜚', 2)`,
    `INSERT INTO t VALUES (CAST(x'00d86100' AS TEXT), 'é'), ('z', CAST(x'3dd8' AS TEXT))`,
  ],
  'text that is not UTF-8 behind a thousand rows': [
    `CREATE TABLE t(k INTEGER PRIMARY KEY, v); ${ROWS(1000)} INSERT INTO t SELECT i, 'row ' || i FROM s`,
    `INSERT INTO t VALUES (700 + 5000, CAST(x'ff61' AS TEXT)), (9000, char(0xfffd)); UPDATE t SET v = CAST(x'c080' AS TEXT) WHERE k = 600`,
  ],
  'integers beside reals, both zeros, infinities, NULL in a key': [
    'CREATE TABLE t(a, b, v, PRIMARY KEY (a, b)); INSERT INTO t VALUES (-0.0, 1, 1), (0.0, 0, 2), (0, 2, 3)',
    `INSERT INTO t VALUES (1, 1, 4), (1.5, 0, 5), (2, 0, 6), (9e999, 0, 7), (-9e999, 0, 8), (NULL, 0.0, 9), (NULL, -0.0, 10), (NULL, NULL, 11),
      ('1', 1, 12), (x'31', 1, 13), (9007199254740993, 1, 14), (9007199254740992.0, 1, 15)`,
  ],
  'generated columns and AUTOINCREMENT': [
    'CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a, v AS (a * 2) VIRTUAL, s AS (a || 1) STORED); CREATE INDEX i ON t(v); INSERT INTO t(a) VALUES (1)',
    'INSERT INTO t(a) VALUES (5), (-0.0); DELETE FROM t WHERE a = 5',
  ],
  'keys that are cut, of one beginning': [
    `CREATE TABLE t(k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES (${LONG('01')}, 1), (${LONG('02')}, 2)`,
    Array.from({ length: 20 }, (_, i) => `INSERT INTO t VALUES (${LONG((i + 16).toString(16))}, ${i})`).join(
      ';',
    ),
  ],
  'blobs that are larger than a window': [
    'CREATE TABLE t(v); INSERT INTO t VALUES (zeroblob(3000000))',
    "INSERT INTO t VALUES (randomblob(5000000)), (1), (randomblob(1048577)), (x''), ('')",
  ],
  'the tables of full-text and r-tree indexes': [
    `CREATE VIRTUAL TABLE f USING fts5(x); CREATE VIRTUAL TABLE r USING rtree(id, a, b); INSERT INTO f VALUES ('one two'); INSERT INTO r VALUES (1, 0, 1); CREATE TABLE t(v)`,
    `INSERT INTO t SELECT id FROM r; INSERT INTO r VALUES (2, 5, 6)`,
  ],
  'a WAL, and more than the cache holds': [
    `PRAGMA journal_mode = wal; CREATE TABLE t(k TEXT COLLATE NOCASE PRIMARY KEY, v); CREATE TABLE w(a, b, PRIMARY KEY (b, a)) WITHOUT ROWID`,
    `${ROWS(3000)} INSERT INTO t SELECT 'Key ' || i, zeroblob(i % 500) FROM s; ${ROWS(900)} INSERT INTO w SELECT i % 7, i FROM s`,
  ],
};

describe('a state inside a transaction, read by parts', () => {
  it.each(Object.entries(CASES))('%s: as by its image, and as committed', async (_, [before, inside]) => {
    const path = made(before);
    const untouched = await byFile(path);
    const connection = new SqliteConnection(path, [['cache_size', '20']]);
    connection.begin();
    connection.apply(inside, EVERYTHING);
    const parts = await byParts(connection);
    expect(await byImage(connection, `${path}.image`)).toBe(parts);
    connection.commit();
    connection.close();
    expect(await byFile(path)).toBe(parts);
    expect(parts).not.toBe(untouched);
  });

  it('leaves the session as it was: its settings, and what it may write', async () => {
    const path = made('CREATE TABLE t(a CHECK (a > 0)); INSERT INTO t VALUES (1)');
    const connection = new SqliteConnection(path, []);
    connection.begin();
    await byParts(connection);
    expect(() => connection.apply('INSERT INTO t VALUES (-1)', EVERYTHING)).toThrow(
      expect.objectContaining({ code: 'SQL_FAILED' }),
    );
    connection.apply('INSERT INTO t VALUES (2)', EVERYTHING);
    expect(connection.query('SELECT count(*) FROM t')).toBe('2');
    connection.close();
  });

  /** A connection in a transaction, with what it has open. */
  const opened = (path: string): { connection: SqliteConnection; db: DatabaseSync } => {
    const connection = new SqliteConnection(path, []);
    const exec = vi.spyOn(DatabaseSync.prototype, 'exec');
    connection.begin();
    const db = exec.mock.contexts[0] as DatabaseSync;
    exec.mockRestore();
    return { connection, db };
  };

  it('may be read and nothing else meanwhile', () => {
    const { connection, db } = opened(made('CREATE TABLE t(a)', 'INSERT INTO t VALUES (1)'));
    const writes = ['INSERT INTO t VALUES (2)', 'CREATE TABLE s(a)', "ATTACH ':memory:' AS other", 'COMMIT'];
    const tried = (): unknown[] =>
      writes.map((sql) => {
        try {
          db.prepare(sql);
          return 'compiles';
        } catch (error) {
          return (error as { errcode?: unknown }).errcode;
        }
      });
    const AUTH = 23; // https://www.sqlite.org/rescode.html#auth
    expect(tried()).toEqual(writes.map(() => 'compiles'));
    connection.read();
    expect(tried()).toEqual(writes.map(() => AUTH));
    connection.next();
    expect(tried()).toEqual(writes.map(() => AUTH));
    connection.endReading();
    expect(tried()).toEqual(writes.map(() => 'compiles'));
    connection.close();
  });

  it('runs no function that only its schema calls', () => {
    const { connection, db } = opened(made('CREATE TABLE t(a)', 'INSERT INTO t VALUES (1)'));
    let calls = 0;
    db.function('f', { deterministic: true, varargs: true }, () => ++calls);
    db.exec('CREATE INDEX i ON t(f(a))');
    expect(calls).toBe(1);
    expect(() => connection.read()).toThrow(expect.objectContaining({ code: 'DATABASE_CORRUPT' }));
    expect(calls).toBe(1);
    connection.close();
  });

  it('takes a broken CHECK for state, and does not evaluate it', async () => {
    const path = made(
      'CREATE TABLE t(a CHECK (a > 0)); PRAGMA ignore_check_constraints = 1; INSERT INTO t VALUES (-1)',
    );
    const connection = new SqliteConnection(path, []);
    connection.begin();
    expect(await byParts(connection)).toBe(await byFile(path));
    connection.close();
  });

  it('refuses a database whose index lacks a row, and does not go on', () => {
    const path = made(
      'CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)',
      `PRAGMA writable_schema = 1; INSERT INTO sqlite_schema VALUES ('index', 'i', 't', (SELECT max(rootpage) FROM sqlite_schema), 'CREATE INDEX i ON t(a)')`,
    );
    const connection = new SqliteConnection(path, []);
    connection.begin();
    expect(() => connection.read()).toThrow(expect.objectContaining({ code: 'DATABASE_CORRUPT' }));
    expect(() => connection.next()).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    connection.close();
  });

  it('holds no more than a window at once', () => {
    const path = made('CREATE TABLE t(v)', `${ROWS(2000)} INSERT INTO t SELECT zeroblob(20000) FROM s`);
    const connection = new SqliteConnection(path, []);
    connection.begin();
    connection.read();
    let rows = 0;
    for (const part of partsInside(connection)) {
      if (!('rows' in part)) continue;
      rows += part.rows.length;
      expect(part.rows.length).toBeLessThanOrEqual(256);
      expect(part.rows.reduce((sum, [key, row]) => sum + key.length + row.length, 0)).toBeLessThan(1.1e6);
    }
    expect(rows).toBe(2000);
    connection.close();
  });
});

const TABLE = 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)';
const MANY = `${ROWS(20_000)} INSERT INTO t SELECT i, 'row ' || i FROM s`;

/** What a session asks its child while `work` runs on it, in a transaction with many uncommitted rows. */
async function asked(
  path: string,
  options: { imageUpTo?: number; signal?: AbortSignal; insert?: string },
  work: (session: Session) => Promise<void>,
): Promise<string[]> {
  const { imageUpTo, signal, insert = MANY } = options;
  const spec = { session: [], timeLimit: 30_000, ...(signal && { signal }) };
  await using workspace = await SqliteWorkspace.prepare({ file: path }, spec, {
    ...(imageUpTo !== undefined && { imageUpTo }),
  });
  await using clone = await workspace.restore('T');
  await using session = await clone.open();
  await session.begin();
  await session.apply(Buffer.from(insert), EVERYTHING);
  const request = vi.spyOn(SqlChild.prototype, 'request');
  try {
    await work(session);
    return request.mock.calls.map(([{ op }]) => op);
  } finally {
    request.mockRestore();
  }
}

const digests: string[] = [];
const capturing = async (session: Session): Promise<void> => {
  digests.push((await session.capture(new MemoryObjects())).snapshot.digest);
};

describe('the child', () => {
  it('is asked for parts above the bound, for an image up to it: the same snapshot', async () => {
    const path = made(TABLE);
    const parts = await asked(path, { imageUpTo: 4_096 }, capturing);
    const image = await asked(path, { imageUpTo: 10_000_000 }, capturing);
    expect([parts.includes('image'), image.includes('image')]).toEqual([false, true]);
    expect(parts.filter((op) => op === 'next').length).toBeGreaterThan(20_000 / 256);
    expect(digests.at(-1)).toBe(digests.at(-2));
  });

  it('makes an image whatever the bound is where a table hides its rowid', async () => {
    const path = made('CREATE TABLE t(rowid, _rowid_, oid); INSERT INTO t VALUES (3, 2, 1)');
    const insert = 'INSERT INTO t VALUES (6, 5, 4)';
    expect(await asked(path, { imageUpTo: 0, insert }, capturing)).toContain('image');
    await asked(path, { insert }, capturing);
    expect(digests.at(-1)).toBe(digests.at(-2));
  });

  it('takes the time limit of what it reads', async () => {
    const endless = `CREATE TABLE t(a); CREATE INDEX i ON t(length(a)); INSERT INTO t VALUES (1); PRAGMA writable_schema = 1;
      UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t(instr(hex(zeroblob(5000000)), hex(zeroblob(2500000)) || a))' WHERE name = 'i'`;
    const path = made(endless);
    const before = children();
    {
      await using child = await SqlChild.start(temp.path);
      await child.request({ op: 'open', path, pragmas: [] });
      await child.request({ op: 'begin' });
      await refuses(child.request({ op: 'read' }, 1_000), 'TIME_LIMIT');
    }
    expect(children()).toEqual(before);
  });

  /** Captures into a sink that does something with the twentieth object. */
  const disturbed = async (session: Session, act: () => void): Promise<unknown> => {
    let puts = 0;
    return session.capture({
      put: () => {
        if (++puts === 20) act();
      },
    });
  };

  it('that dies meanwhile is an error, and leaves nothing', async () => {
    const before = children();
    await asked(made(TABLE), { imageUpTo: 0 }, async (session) => {
      const mine = children().filter((pid) => !before.includes(pid));
      const kill = (): void => mine.forEach((pid) => process.kill(pid, 'SIGKILL'));
      await refuses(disturbed(session, kill), 'ENGINE_FAILED');
    });
    expect(children()).toEqual(before);
    expect(readdirSync(temp.path).filter((name) => name.startsWith('custody-sqlite'))).toEqual([]);
  });

  it('ends with the signal, and leaves nothing', async () => {
    const before = children();
    const controller = new AbortController();
    await asked(made(TABLE), { imageUpTo: 0, signal: controller.signal }, async (session) => {
      await refuses(
        disturbed(session, () => controller.abort()),
        'INTERRUPTED',
      );
    });
    expect(children()).toEqual(before);
    expect(readdirSync(temp.path).filter((name) => name.startsWith('custody-sqlite'))).toEqual([]);
  });

  it('goes on with something else when nobody wants the rest', async () => {
    const path = made("CREATE TABLE t(id INTEGER PRIMARY KEY, v CHECK (v <> 'never'))");
    await asked(path, { imageUpTo: 0 }, async (session) => {
      const full = new CustodyError('DISK_FULL', 'full');
      const throws = (): never => {
        throw full;
      };
      await refuses(disturbed(session, throws), 'DISK_FULL');
      const insert = (value: string): Promise<void> =>
        session.apply(Buffer.from(`INSERT INTO t VALUES (0, '${value}')`), EVERYTHING);
      await refuses(insert('never'), 'SQL_FAILED');
      await insert('more');
      await capturing(session);
      expect(await session.query('SELECT count(*) FROM t')).toBe('20001');
      await session.rollback();
      expect(await session.inTransaction()).toBe(false);
    });
  });
});
