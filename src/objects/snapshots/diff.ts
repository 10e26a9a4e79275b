import { CustodyError } from '../../errors.ts';
import { compareBytes, decode, type Value } from '../codec.ts';
import { readWhole } from '../file.ts';
import { boundKey, encodeKey } from '../rows/key.ts';
import { decodeKeyText } from '../rows/key-text.ts';
import { decodeKind, type ObjectOf } from '../kinds.ts';
import { Link } from '../link.ts';
import { diffMaps, walkMap, type Row } from '../map-walk.ts';
import { collect, item, need, type Walk } from '../walk.ts';

/** What differs between two snapshots. `before` or `after` is missing where the thing was added or removed. */
export type SnapshotChange =
  | {
      readonly part: 'fact';
      readonly name: string;
      readonly before: string | undefined;
      readonly after: string | undefined;
    }
  | {
      readonly part: 'schema' | 'sequence';
      readonly name: readonly string[];
      readonly before: string | undefined;
      readonly after: string | undefined;
    }
  | {
      readonly part: 'table';
      readonly name: string;
      readonly before: Table | undefined;
      readonly after: Table | undefined;
    }
  | {
      readonly part: 'row';
      readonly table: Table;
      readonly key: Uint8Array;
      readonly before: Uint8Array | undefined;
      readonly after: Uint8Array | undefined;
    };

export type Table = ObjectOf<'table'>;

/**
 * Everything that differs between two snapshots: facts, schema objects, sequences, tables (columns, their order, key),
 * rows. A table that was added or removed gives one `table` change and a `row` change for each of its rows; a table
 * whose columns or key changed gives a `table` change, and its rows as removed and added. Which columns are masked is
 * not compared: a masked value is one that differs.
 * @throws CustodyError KIND_NOT_COMPARABLE, TREE_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws.
 */
export function* diffSnapshots(before: Link, after: Link): Walk<SnapshotChange> {
  if (before.equals(after)) return;
  const a = decodeKind('snapshot', yield* need<SnapshotChange>(before.digest), before.digest);
  const b = decodeKind('snapshot', yield* need<SnapshotChange>(after.digest), after.digest);
  if (a.engine !== b.engine) {
    throw new CustodyError(
      'KIND_NOT_COMPARABLE',
      `a ${a.engine} and a ${b.engine} snapshot cannot be compared`,
      {
        hint: 'Compare two snapshots of the same engine.',
      },
    );
  }
  yield* diffFacts(a.facts, b.facts);
  yield* diffDefinitions('schema', a.schema, b.schema);
  yield* diffDefinitions('sequence', a.sequences, b.sequences);
  yield* diffTables(a.tables, b.tables);
}

function* diffFacts(a: readonly [string, string][], b: readonly [string, string][]): Walk<SnapshotChange> {
  const x = factsByName(a);
  const y = factsByName(b);
  for (const name of [...new Set([...x.keys(), ...y.keys()])].sort()) {
    if (x.get(name) !== y.get(name))
      yield* item<SnapshotChange>({ part: 'fact', name, before: x.get(name), after: y.get(name) });
  }
}

/** Facts ascend by name, so that none can hide behind another of the same name. */
function factsByName(facts: readonly [string, string][]): Map<string, string> {
  facts.forEach(([name], i) => {
    if (i > 0 && facts[i - 1]![0] >= name)
      throw new CustodyError('TREE_MALFORMED', `the facts of a snapshot do not ascend at ${name}`);
  });
  return new Map(facts);
}

function* diffDefinitions(part: 'schema' | 'sequence', a: Link, b: Link): Walk<SnapshotChange> {
  for (const change of yield* collect(diffMaps(a, b))) {
    const before = change.before && definitionText(yield* rowBytes<SnapshotChange>(change.before));
    const after = change.after && definitionText(yield* rowBytes<SnapshotChange>(change.after));
    yield* item<SnapshotChange>({ part, name: decodeKeyText(change.key), before, after });
  }
}

/** A definition is content of a row, not an object of its own: a long one is stored in chunks. Bytes. */
export const MAX_DEFINITION = 256 * 1_048_576;

/** `name: value` lines of a definition stored as DAG-CBOR pairs. */
export function definitionText(bytes: Uint8Array): string {
  const pairs = decode(bytes, MAX_DEFINITION);
  return Array.isArray(pairs)
    ? pairs.map((pair: Value) => (Array.isArray(pair) ? pair.map(String).join(': ') : '')).join('\n')
    : '';
}

function* diffTables(a: Link, b: Link): Walk<SnapshotChange> {
  for (const change of yield* collect(diffMaps(a, b))) {
    const before = change.before && (yield* readTable<SnapshotChange>(change.before));
    const after = change.after && (yield* readTable<SnapshotChange>(change.after));
    for (const table of [before, after]) if (table) checkTableKey(change.key, table);
    const name = (after ?? before)!.name;
    if (before && after && sameShape(before, after)) yield* diffRows(before, after);
    else {
      yield* item<SnapshotChange>({ part: 'table', name, before, after });
      if (before) yield* allRows(before, 'before');
      if (after) yield* allRows(after, 'after');
    }
  }
}

function checkTableKey(key: Uint8Array, table: Table): void {
  if (compareBytes(key, boundKey(encodeKey([table.name]))) !== 0)
    throw new CustodyError('TREE_MALFORMED', `table ${table.name} stands under the name of another`);
}

/** Rows can be compared one by one only where columns, format and key mean the same. */
export function sameShape(a: Table, b: Table): boolean {
  const shape = ({ format, columns, key }: Table): string =>
    JSON.stringify([format, columns.map((c) => [c.name, c.type]), key.type, key.columns]);
  return shape(a) === shape(b);
}

function* diffRows(a: Table, b: Table): Walk<SnapshotChange> {
  const walk = diffMaps(a.root, b.root, { before: a.rows, after: b.rows });
  let step = walk.next();
  while (!step.done) {
    if ('need' in step.value) step = walk.next(yield step.value);
    else {
      const { key, before, after } = step.value.item;
      yield* item<SnapshotChange>({
        part: 'row',
        table: b,
        key,
        before: before && (yield* rowBytes<SnapshotChange>(before)),
        after: after && (yield* rowBytes<SnapshotChange>(after)),
      });
      step = walk.next();
    }
  }
}

function* allRows(table: Table, side: 'before' | 'after'): Walk<SnapshotChange> {
  const walk = walkMap(table.root, table.rows);
  let step = walk.next();
  while (!step.done) {
    if ('need' in step.value) step = walk.next(yield step.value);
    else {
      const { key, row } = step.value.item;
      const bytes = yield* rowBytes<SnapshotChange>(row);
      yield* item<SnapshotChange>({
        part: 'row',
        table,
        key,
        before: side === 'before' ? bytes : undefined,
        after: side === 'after' ? bytes : undefined,
      });
      step = walk.next();
    }
  }
}

/** A row's bytes, also where they are stored as content of their own. */
export function* rowBytes<T>(row: Row): Walk<T, Uint8Array> {
  if (row instanceof Uint8Array) return row;
  const [bytes] = yield* collect<Uint8Array, T>(readWhole(row));
  return bytes!;
}

/** The table object behind an entry of a snapshot's map of tables. */
export function* readTable<T>(row: Row): Walk<T, Table> {
  if (!(row instanceof Link))
    throw new CustodyError('TREE_MALFORMED', 'a map of tables holds a row that is not a link');
  return decodeKind('table', yield* need<T>(row.digest), row.digest);
}
