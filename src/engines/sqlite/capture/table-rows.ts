import { CustodyError } from '../../../errors.ts';
import { boundKey, encodeKey, integerKey, MAX_KEY, type TextBytes } from '../../../objects/rows/key.ts';
import { encodeRecord, type SqliteValue } from '../../../objects/rows/sqlite-record.ts';
import type { SqlReads } from './sql-reads.ts';
import { quote, type TableShape } from './table-shape.ts';
import { recordText, type Encoding } from './text.ts';

export type KeyedRow = readonly [key: Uint8Array, record: Uint8Array];

/** No more rows than this, nor more bytes where it is more than one row, are in a window. */
const WINDOW = { rows: 256, bytes: 1 << 20 } as const;

/**
 * Reads one table in the order of its keys, window by window.
 *
 * Text comes as JavaScript strings, which cannot hold bytes that are not UTF-8: a decoder puts U+FFFD there. At the first
 * U+FFFD the rest of the table is read again from that row on in the exact way, with text as bytes; UTF-16 databases are
 * read that way from the start.
 */
export function* readRows(
  db: SqlReads,
  shape: TableShape,
  encoding: Encoding,
): Generator<readonly KeyedRow[]> {
  const order = rowOrder(db, shape, encoding);
  const ordered = new OrderedRows(order.collect);
  let exact = encoding !== 'UTF-8';
  let done = 0;
  for (;;) {
    let again = false;
    for (const row of db.rows(selectRows(shape, order.terms, exact, done))) {
      if (!exact && row.some((value) => typeof value === 'string' && value.includes('\ufffd'))) {
        again = true;
        break;
      }
      addRow(ordered, shape, exact ? exactValues(row, shape, encoding) : (row as SqliteValue[]));
      done++;
      if (ordered.full) yield ordered.take();
    }
    if (!again) break;
    exact = true;
  }
  ordered.finish();
  while (ordered.any) yield ordered.take();
}

/** The hidden rowid last, where there is one; in exact reading, two columns for each: the type, and text as a blob. */
function selectRows(shape: TableShape, order: readonly string[], exact: boolean, offset: number): string {
  const columns = exact
    ? shape.reads.map(
        (c) => `typeof(${c}), CASE typeof(${c}) WHEN 'text' THEN CAST(${c} AS BLOB) ELSE ${c} END`,
      )
    : [...shape.reads];
  const rowid = shape.rowid === undefined ? [] : [shape.rowid];
  const limit = offset === 0 ? '' : ` LIMIT -1 OFFSET ${offset}`;
  return `SELECT ${[...columns, ...rowid].join(', ')} FROM main.${quote(shape.spec.name)} ORDER BY ${[...order, ...rowid].join(', ')}${limit}`;
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
 * SQLite's order (NULL < numbers < text < blobs, memcmp) is the order of keys but for three cases: integers beside reals
 * in one column and both zeros in a key of several columns, which SQLite is told to tell apart (it sorts then, in a file
 * where there is much), and text that it compares as UTF-16: such a table is collected and sorted here.
 */
function rowOrder(
  db: SqlReads,
  shape: TableShape,
  encoding: Encoding,
): { readonly terms: readonly string[]; readonly collect: boolean } {
  if (shape.alias >= 0) return { terms: [shape.reads[shape.alias]!], collect: false };
  const from = `FROM main.${quote(shape.spec.name)}`;
  let collect = false;
  const terms = shape.key.flatMap((i) => {
    const column = shape.reads[i]!;
    const types = new Set<unknown>();
    for (const [type] of db.rows(`SELECT DISTINCT typeof(${column}) ${from}`)) types.add(type);
    collect ||= types.has('text') && encoding !== 'UTF-8';
    const value = `${column} COLLATE BINARY`;
    if (!types.has('real') || (!types.has('integer') && shape.key.length === 1)) return [value];
    const rank = `CASE typeof(${column}) WHEN 'null' THEN 0 WHEN 'integer' THEN 1 WHEN 'real' THEN 2 WHEN 'text' THEN 3 ELSE 4 END`;
    // SQLite prints both zeros alike; the angle to the point (-1, 0) is minus pi for the negative one.
    const zeros = `SELECT count(DISTINCT atan2(${column}, -1)) ${from} WHERE typeof(${column}) = 'real' AND ${column} = 0`;
    const [[signs] = []] = db.rows(zeros);
    const sign = signs === 2n ? [`${column} = 0 AND atan2(${column}, -1) < 0 DESC`] : [];
    return [...(types.has('integer') ? [rank] : []), value, ...sign];
  });
  return { terms, collect };
}

/** Puts rows that come nearly in order of their keys into exact order: cut keys (key.ts) are ordered by their hash. */
class OrderedRows {
  readonly #collect: boolean;
  #waiting: { bound: Uint8Array; key: Uint8Array; row: Uint8Array }[] = [];
  #ready: KeyedRow[] = [];
  #bytes = 0;

  constructor(collect: boolean) {
    this.#collect = collect;
  }

  add(key: Uint8Array, row: Uint8Array): void {
    if (!this.#collect && this.#waiting.length > 0 && !sameStart(this.#waiting[0]!.key, key)) this.finish();
    if (this.#collect || key.length >= UNCUT) this.#waiting.push({ bound: boundKey(key), key, row });
    else this.#put(key, row);
  }

  finish(): void {
    this.#waiting.sort((a, b) => Buffer.compare(a.bound, b.bound));
    for (const { key, row } of this.#waiting) this.#put(key, row);
    this.#waiting = [];
  }

  #put(key: Uint8Array, row: Uint8Array): void {
    this.#ready.push([key, row]);
    this.#bytes += key.length + row.length;
  }

  get full(): boolean {
    return this.#ready.length >= WINDOW.rows || this.#bytes >= WINDOW.bytes;
  }

  get any(): boolean {
    return this.#ready.length > 0;
  }

  /** The next window of what is in order. */
  take(): readonly KeyedRow[] {
    let rows = 0;
    let bytes = 0;
    for (const [key, row] of this.#ready) {
      if (rows === WINDOW.rows || bytes >= WINDOW.bytes) break;
      bytes += key.length + row.length;
      rows++;
    }
    this.#bytes -= bytes;
    return this.#ready.splice(0, rows);
  }
}

/** Keys are ordered as they are up to here. */
const UNCUT = MAX_KEY - 32;

function sameStart(a: Uint8Array, b: Uint8Array): boolean {
  return b.length >= UNCUT && Buffer.compare(a.subarray(0, UNCUT), b.subarray(0, UNCUT)) === 0;
}
