import { codeOf, CustodyError } from '../../../errors.ts';
import { boundKey, encodeKey, integerKey, MAX_KEY, type TextBytes } from '../../../objects/rows/key.ts';
import { encodeRecord, type SqliteValue } from '../../../objects/rows/sqlite-record.ts';
import type { TableBuilder } from '../../../objects/snapshots/builder.ts';
import type { ReadDatabase } from './reader.ts';
import { sqlError } from '../script/sql-error.ts';
import { quote, type TableShape } from './table-shape.ts';
import { recordText, type Encoding } from './text.ts';

/** Rows between two looks at the signal. */
const BREATH = 8_192;

export interface ReadOptions {
  readonly encoding: Encoding;
  readonly signal?: AbortSignal;
}

/**
 * Reads one table in the order of its keys and adds its rows.
 *
 * Text comes as JavaScript strings, which cannot hold bytes that are not UTF-8: a decoder puts U+FFFD there. At the first
 * U+FFFD the rest of the table is read again from that row on in the exact way, with text as bytes; UTF-16 databases are
 * read that way from the start.
 * @throws CustodyError DATABASE_CORRUPT, DATABASE_UNSUPPORTED (a value that is too large to be read), INTERRUPTED.
 */
export async function addRows(
  db: ReadDatabase,
  shape: TableShape,
  builder: Pick<TableBuilder, 'add'>,
  options: ReadOptions,
): Promise<void> {
  try {
    await readRows(db, shape, builder, options);
  } catch (error) {
    throw codeOf(error)?.startsWith('SQLITE_') ? sqlError(error, 'DATABASE_CORRUPT', shape.spec.name) : error;
  }
}

async function readRows(
  db: ReadDatabase,
  shape: TableShape,
  builder: Pick<TableBuilder, 'add'>,
  options: ReadOptions,
): Promise<void> {
  const ordered = new OrderedRows(builder, mustCollect(db, shape, options.encoding));
  let exact = options.encoding !== 'UTF-8';
  let done = 0;
  for (;;) {
    const statement = db.prepare(selectRows(shape, exact, done)).raw(true);
    let again = false;
    for (const row of statement.iterate() as IterableIterator<unknown[]>) {
      if (done % BREATH === 0) await breathe(options.signal);
      if (!exact && row.some((value) => typeof value === 'string' && value.includes('\ufffd'))) {
        again = true;
        break;
      }
      addRow(ordered, shape, exact ? exactValues(row, shape, options.encoding) : (row as SqliteValue[]));
      done++;
    }
    if (!again) break;
    exact = true;
  }
  ordered.finish();
}

/** The hidden rowid last, where there is one; in exact reading, two columns for each: the type, and text as a blob. */
function selectRows(shape: TableShape, exact: boolean, offset: number): string {
  const columns = exact
    ? shape.reads.map(
        (c) => `typeof(${c}), CASE typeof(${c}) WHEN 'text' THEN CAST(${c} AS BLOB) ELSE ${c} END`,
      )
    : [...shape.reads];
  const rowid = shape.rowid === undefined ? [] : [shape.rowid];
  const order = [
    ...(shape.alias >= 0
      ? [shape.reads[shape.alias]!]
      : shape.key.map((i) => `${shape.reads[i]!} COLLATE BINARY`)),
    ...rowid,
  ];
  const limit = offset === 0 ? '' : ` LIMIT -1 OFFSET ${offset}`;
  return `SELECT ${[...columns, ...rowid].join(', ')} FROM main.${quote(shape.spec.name)} ORDER BY ${order.join(', ')}${limit}`;
}

function exactValues(row: readonly unknown[], shape: TableShape, encoding: Encoding): SqliteValue[] {
  const values: SqliteValue[] = [];
  for (let i = 0; i < shape.reads.length; i++) {
    const value = row[2 * i + 1] as SqliteValue;
    values.push(row[2 * i] === 'text' ? recordText(value as Uint8Array, encoding) : value);
  }
  if (shape.rowid !== undefined) values.push(row.at(-1) as bigint);
  return values;
}

/** @param values the stored columns, then the hidden rowid where the shape has one; changed in place. */
function addRow(ordered: OrderedRows, shape: TableShape, values: SqliteValue[]): void {
  const rowid = shape.rowid === undefined ? undefined : (values.pop() as bigint);
  let key: Uint8Array;
  if (shape.alias >= 0) {
    key = integerKey(values[shape.alias] as bigint);
    values[shape.alias] = null;
  } else if (shape.key.length === 0) {
    if (rowid === undefined)
      throw new CustodyError('INTERNAL', `${shape.spec.name} has neither a key nor a rowid`);
    key = integerKey(rowid);
  } else {
    const parts = shape.key.map((i) => values[i] as null | bigint | number | string | TextBytes | Uint8Array);
    // SQLite lets NULL into a declared key of a rowid table, and then more than one row may have the same key.
    if (rowid !== undefined && parts.includes(null)) parts.push(rowid);
    key = encodeKey(parts);
  }
  ordered.add(key, encodeRecord(values));
}

/**
 * SQLite's order (NULL < numbers < text < blobs, memcmp) is the order of keys but for two cases, in which a table is
 * collected and sorted here: integers beside reals in one column, and text that SQLite compares as UTF-16.
 */
function mustCollect(db: ReadDatabase, shape: TableShape, encoding: Encoding): boolean {
  if (shape.alias >= 0) return false;
  return shape.key.some((i) => {
    const sql = `SELECT DISTINCT typeof(${shape.reads[i]!}) FROM main.${quote(shape.spec.name)}`;
    const types = new Set(db.prepare(sql).pluck().all());
    return (types.has('integer') && types.has('real')) || (types.has('text') && encoding !== 'UTF-8');
  });
}

/** Puts rows that come nearly in order of their keys into exact order: cut keys (key.ts) are ordered by their hash. */
class OrderedRows {
  readonly #builder: Pick<TableBuilder, 'add'>;
  readonly #collect: boolean;
  #waiting: { bound: Uint8Array; key: Uint8Array; row: Uint8Array }[] = [];

  constructor(builder: Pick<TableBuilder, 'add'>, collect: boolean) {
    this.#builder = builder;
    this.#collect = collect;
  }

  add(key: Uint8Array, row: Uint8Array): void {
    if (!this.#collect && this.#waiting.length > 0 && !sameStart(this.#waiting[0]!.key, key)) this.finish();
    if (this.#collect || key.length >= UNCUT) this.#waiting.push({ bound: boundKey(key), key, row });
    else this.#builder.add(key, row);
  }

  finish(): void {
    this.#waiting.sort((a, b) => Buffer.compare(a.bound, b.bound));
    for (const { key, row } of this.#waiting) this.#builder.add(key, row);
    this.#waiting = [];
  }
}

/** Keys are ordered as they are up to here. */
const UNCUT = MAX_KEY - 32;

function sameStart(a: Uint8Array, b: Uint8Array): boolean {
  return b.length >= UNCUT && Buffer.compare(a.subarray(0, UNCUT), b.subarray(0, UNCUT)) === 0;
}

async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal?.aborted)
    throw new CustodyError('INTERRUPTED', 'interrupted while a table was read', {
      hint: 'Run the command again.',
    });
}
