import { DatabaseSync } from 'node:sqlite';

/** Numbers from a seed (mulberry32): a failing case is found again by its seed alone. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to `below` - 1. */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  }

  chance(percent: number): boolean {
    return this.roll(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.roll(from.length)]!;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.roll(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}

/** How a table's rows are told apart. `hidden`: a rowid that no column shows. */
type KeyKind = 'alias' | 'declared' | 'without-rowid' | 'hidden';

export interface RandomTable {
  /** As SQL, quoted. */
  readonly name: string;
  readonly plainName: string;
  readonly key: KeyKind;
  readonly columns: readonly string[];
  /** Columns whose values make the key; the others may hold anything. */
  readonly keyColumns: number;
  readonly create: string;
  /** SQL literals; for a hidden rowid the first is the rowid. */
  readonly rows: readonly (readonly string[])[];
}

export interface RandomDatabase {
  readonly pragmas: readonly string[];
  readonly tables: readonly RandomTable[];
  /** Indexes, triggers, views: to be made when the rows are there. */
  readonly rest: readonly string[];
}

const TYPES = ['', 'INTEGER', 'TEXT', 'REAL', 'BLOB', 'NUMERIC', 'VARCHAR(20)', 'DOUBLE PRECISION', 'ANY'];

/** Any value at all, as an SQL literal. */
export function literal(dice: Dice): string {
  const texts = ["''", "'a'", "'it''s'", "'Ünïcödé 世界 🜚'", "'12'", "'1e3'", `'${'long '.repeat(700)}'`];
  switch (dice.roll(9)) {
    case 0:
      return 'NULL';
    case 1:
      return String(dice.roll(300) - 150);
    case 2:
      return dice.pick([
        '9223372036854775807',
        '-9223372036854775808',
        '9007199254740993',
        '-2147483649',
        '65536',
      ]);
    case 3:
      return dice.pick(['0.5', '-0.0', '1e308', '9e999', '-9e999', '1.0', '3.141592653589793', '5e-324']);
    case 4:
      return dice.pick(texts);
    case 5:
      return `x'${Buffer.from(Array.from({ length: dice.roll(40) }, () => dice.roll(256))).toString('hex')}'`;
    case 6:
      return dice.chance(20) ? `zeroblob(${dice.roll(30_000)})` : "CAST(x'66ff00c3' AS TEXT)";
    case 7:
      return "'a' || char(0) || 'b'";
    default:
      return `'t${dice.roll(1_000_000)}'`;
  }
}

/** A value that no other row has in this column, whatever the affinity and the collation. */
function unique(dice: Dice, i: number, kind: 'integer' | 'any'): string {
  const n = i * 7919 + 1;
  if (kind === 'integer') return dice.chance(10) ? String(-n) : String(n);
  switch (dice.roll(4)) {
    case 0:
      return `'k${n}'`;
    case 1:
      return `x'${n.toString(16).padStart(12, '0')}'`;
    case 2:
      return `${n}.5`;
    default:
      return String(n);
  }
}

function randomTable(dice: Dice, index: number, maxRows: number): RandomTable {
  const plainName = dice.pick([`t${index}`, `T ${index}`, `sel"ect${index}`, `täbelle${index}`]);
  const name = `"${plainName.replaceAll('"', '""')}"`;
  const key = dice.pick<KeyKind>(['alias', 'declared', 'without-rowid', 'hidden']);
  const keyColumns = key === 'hidden' ? 0 : key === 'alias' ? 1 : 1 + dice.roll(3);
  const names: string[] = [];
  const definitions: string[] = [];
  for (let i = 0; i < keyColumns + 1 + dice.roll(5); i++) {
    const column = `"c${i}${dice.pick(['', ' x', 'é'])}"`;
    const extra =
      i >= keyColumns && dice.chance(15) ? ' DEFAULT 7' : dice.chance(15) ? ' COLLATE NOCASE' : '';
    // A sole key column of type INTEGER would be the rowid.
    const plain = dice.pick(TYPES).replace(/^INTEGER$/, i < keyColumns ? 'INT' : 'INTEGER');
    const type = key === 'alias' && i === 0 ? 'INTEGER PRIMARY KEY' : plain;
    names.push(column);
    definitions.push(`${column} ${type}${type.endsWith('KEY') ? '' : extra}`);
  }
  if (key === 'declared' || key === 'without-rowid')
    definitions.push(`PRIMARY KEY (${names.slice(0, keyColumns).join(', ')})`);
  const create = `CREATE TABLE ${name} (${definitions.join(', ')})${key === 'without-rowid' ? ' WITHOUT ROWID' : ''}`;
  const rows = Array.from({ length: dice.roll(maxRows) }, (_, i) =>
    randomRow(dice, key, keyColumns, names.length, i),
  );
  return { name, plainName, key, columns: names, keyColumns, create, rows };
}

function randomRow(dice: Dice, key: KeyKind, keyColumns: number, width: number, i: number): string[] {
  const values = Array.from({ length: width }, (_, c) =>
    c < keyColumns ? unique(dice, i, key === 'alias' ? 'integer' : 'any') : literal(dice),
  );
  return key === 'hidden' ? [String(i * 3 + 1), ...values] : values;
}

export function randomDatabase(dice: Dice, { maxRows = 60 } = {}): RandomDatabase {
  const tables = Array.from({ length: 1 + dice.roll(4) }, (_, i) => randomTable(dice, i, maxRows));
  const rest: string[] = [];
  for (const [i, { name, columns }] of tables.entries()) {
    if (dice.chance(40))
      rest.push(`CREATE INDEX i${i} ON ${name} (${dice.shuffle(columns).slice(0, 2).join(', ')})`);
    if (dice.chance(20))
      rest.push(`CREATE INDEX p${i} ON ${name} (${columns[0]!}) WHERE ${columns.at(-1)!} IS NOT NULL`);
    if (dice.chance(20)) rest.push(`CREATE VIEW v${i} AS SELECT count(*) FROM ${name}`);
    if (dice.chance(30)) {
      rest.push(`CREATE TABLE log${i} (n INTEGER PRIMARY KEY AUTOINCREMENT, what)`);
      rest.push(
        `CREATE TRIGGER g${i} AFTER INSERT ON ${name} BEGIN INSERT INTO log${i}(what) VALUES (NEW.${columns[0]!}); END`,
      );
    }
  }
  const pragmas = [`user_version = ${dice.roll(1000)}`, `application_id = ${dice.roll(1000)}`];
  if (dice.chance(15)) pragmas.unshift(`encoding = '${dice.pick(['UTF-16le', 'UTF-16be'])}'`);
  return { pragmas, tables, rest };
}

export function insertOf(table: RandomTable, row: readonly string[]): string {
  const columns = table.key === 'hidden' ? ['rowid', ...table.columns] : table.columns;
  return `INSERT INTO ${table.name} (${columns.join(', ')}) VALUES (${row.join(', ')})`;
}

/** New rows that no table has: what a rehearsed change inserts. */
export function moreInserts(dice: Dice, { tables }: RandomDatabase): string[] {
  return Array.from({ length: 1 + dice.roll(12) }, (_, i) => {
    const table = dice.pick(tables);
    return insertOf(table, randomRow(dice, table.key, table.keyColumns, table.columns.length, 5000 + i));
  });
}

/** Everything that happened to a database before it came to hold its rows. */
export interface History {
  /** Rows in this order. */
  readonly order: 'as-is' | 'shuffled';
  readonly pageSize?: number;
  readonly journal?: string;
  readonly autoVacuum?: number;
  /** Rows that come and go. */
  readonly churn?: boolean;
  readonly vacuum?: boolean;
}

/** Makes the file, with nothing left open. */
export function buildRandom(path: string, database: RandomDatabase, dice: Dice, history: History): string {
  using db = new DatabaseSync(path, { enableForeignKeyConstraints: false, defensive: false });
  const { order, pageSize = 4096, journal = 'delete', autoVacuum = 0 } = history;
  db.exec(`PRAGMA page_size = ${pageSize}; PRAGMA auto_vacuum = ${autoVacuum}`);
  for (const pragma of database.pragmas) db.exec(`PRAGMA ${pragma}`);
  db.exec(`PRAGMA journal_mode = ${journal}; BEGIN`);
  const tables = order === 'shuffled' ? dice.shuffle(database.tables) : database.tables;
  for (const { create } of tables) db.exec(create);
  for (const table of tables) {
    const rows = order === 'shuffled' ? dice.shuffle(table.rows) : table.rows;
    const extra = history.churn ? Array.from({ length: 30 }, (_, i) => 9000 + i) : [];
    const width = table.columns.length;
    for (const i of extra) db.exec(insertOf(table, randomRow(dice, table.key, table.keyColumns, width, i)));
    for (const row of rows) db.exec(insertOf(table, row));
    if (history.churn) {
      const kept = database.tables.find(({ name }) => name === table.name)!.rows.length;
      dropExtra(db, table, kept);
    }
  }
  for (const statement of database.rest) db.exec(statement);
  db.exec('COMMIT');
  if (history.vacuum) db.exec('VACUUM');
  return path;
}

/** Takes away the rows that {@link buildRandom} put in first: they are the oldest by insertion, known by their keys. */
function dropExtra(db: DatabaseSync, table: RandomTable, kept: number): void {
  const first = table.columns[0]!;
  const n = (i: number): number => i * 7919 + 1;
  for (let i = 9000; i < 9030; i++) {
    if (table.key === 'hidden') db.exec(`DELETE FROM ${table.name} WHERE rowid = ${i * 3 + 1}`);
    else {
      const forms = [n(i), -n(i), `${n(i)}.5`, `'k${n(i)}'`, `x'${n(i).toString(16).padStart(12, '0')}'`];
      db.exec(
        `DELETE FROM ${table.name} WHERE ${first} IN (${forms.join(', ')}) OR ${first} IN ('${n(i)}', '${n(i)}.5')`,
      );
    }
  }
  const { left } = db.prepare(`SELECT count(*) AS left FROM ${table.name}`).get() as { left: number };
  if (left !== kept) throw new Error(`the test's own fault: ${left} rows of ${table.name} left, not ${kept}`);
}

/**
 * The whole state as text, read by the other library and without our formats: what two equal snapshots must agree on.
 * Types and bytes of every value, rowids where they are state, the schema's texts, the counters.
 */
export function describeState(path: string, { tables }: RandomDatabase): string {
  using db = new DatabaseSync(path, { readOnly: true });
  const lines: string[] = [];
  const all = (sql: string): string[] =>
    db
      .prepare(sql)
      .all()
      .map((row) => JSON.stringify(row))
      .sort();
  lines.push(...all('SELECT type, name, tbl_name, sql FROM sqlite_schema'));
  for (const pragma of ['user_version', 'application_id', 'encoding']) lines.push(...all(`PRAGMA ${pragma}`));
  const logs = all("SELECT name FROM sqlite_schema WHERE name LIKE 'log%' AND type = 'table'");
  for (const log of logs) {
    const { name } = JSON.parse(log) as { name: string };
    lines.push(name, ...all(`SELECT n, typeof(what) AS t, hex(what) AS h FROM ${name}`));
  }
  if (logs.length > 0) lines.push(...all('SELECT name, seq FROM sqlite_sequence'));
  for (const { name, columns, key } of tables) {
    const values = columns.map(
      (c, i) =>
        `typeof(${c}) AS t${i}, CASE typeof(${c}) WHEN 'text' THEN hex(CAST(${c} AS BLOB)) WHEN 'blob' THEN hex(${c}) WHEN 'real' THEN printf('%!.17g', ${c}) || (1/${c} < 0) ELSE CAST(${c} AS TEXT) END AS v${i}`,
    );
    const rowid = key === 'hidden' ? ['CAST(rowid AS TEXT) AS r'] : [];
    lines.push(name, ...all(`SELECT ${[...rowid, ...values].join(', ')} FROM ${name}`));
  }
  return lines.join('\n');
}
