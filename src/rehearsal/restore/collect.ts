import type { CustodyError } from '../../errors.ts';
import { decodeKeyText } from '../../objects/rows/key-text.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { rowBytes, walkMap } from '../../objects/map-walk.ts';
import { readDefinition } from '../../objects/snapshots/facts.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import { readRow, type RowValue } from '../../objects/rows/row.ts';
import { diffSnapshots, readTable, type SnapshotChange, type Table } from '../../objects/snapshots/diff.ts';
import { collect, need, type Walk } from '../../objects/walk.ts';
import { rowidOf } from '../../engines/restore/dialects.ts';
import {
  columnOf,
  RESTORE_IMAGE_HINT,
  unsupported,
  type RowChange,
  type SchemaObject,
  type SequenceChange,
} from '../../engines/restore/model.ts';

/** Everything that a restore script is made of. */
export interface Collected {
  readonly snapshot: ObjectOf<'snapshot'>;
  readonly schema: readonly SchemaObject[];
  /** Every table of A, also those that did not change: others may refer to a changed one. */
  readonly tables: readonly Table[];
  readonly rows: readonly RowChange[];
  readonly sequences: readonly SequenceChange[];
}

/**
 * Reads what differs between A and B, as far as a script of row changes can undo it.
 * @throws CustodyError RESTORE_UNSUPPORTED, KIND_NOT_COMPARABLE, and what reading snapshots throws.
 */
export function* collectChanges<T>(before: Link, after: Link): Walk<T, Collected> {
  if (before.equals(after))
    throw unsupported('snapshot', 'the two states are equal', 'There is nothing to restore.');
  const rows: RowChange[] = [];
  const sequences: SequenceChange[] = [];
  const walk = diffSnapshots(before, after);
  let step = walk.next();
  while (!step.done) {
    if ('need' in step.value) {
      step = walk.next(yield step.value);
      continue;
    }
    const change = step.value.item;
    if (change.part === 'row') rows.push(...rowChange(change));
    else if (change.part === 'fact' && change.class === 'sequence')
      sequences.push({ name: change.name, wanted: change.before, found: change.after });
    else throw outOfReach(change);
    step = walk.next();
  }
  const snapshot = decodeKind('snapshot', yield* need<T>(before.digest), before.digest);
  const schema: SchemaObject[] = [];
  for (const { key, row } of yield* collect(walkMap(snapshot.facts['schema']!))) {
    const [type = '', name = ''] = decodeKeyText(key);
    const pairs = readDefinition(yield* rowBytes<T>(row));
    schema.push({ type, name, pairs: typeof pairs === 'string' ? [] : pairs });
  }
  const tables: Table[] = [];
  for (const { row } of yield* collect(walkMap(snapshot.tables))) tables.push(yield* readTable<T>(row));
  if (rows.length === 0 && sequences.length === 0)
    throw unsupported(
      'snapshot',
      'the two states differ only in what is masked',
      'There is nothing to restore.',
    );
  return { snapshot, schema, tables, rows, sequences };
}

function outOfReach(change: Exclude<SnapshotChange, { part: 'row' }>): CustodyError {
  const what = `${change.part === 'fact' ? change.class : change.part} ${change.name}`;
  return unsupported(
    what,
    `${what} differs, and a script of row changes cannot put it back`,
    RESTORE_IMAGE_HINT,
  );
}

/** The change of one entry; none where a multiset's row is there as often as before. */
function rowChange({ table, key, before, after }: Extract<SnapshotChange, { part: 'row' }>): RowChange[] {
  const wanted = before && restored(table, key, before);
  const found = after && restored(table, key, after);
  if (wanted?.values.includes(MASKED))
    throw masked(table, 'a value of the state to get back is masked', 'Name the raw before-state as A.');
  if (table.key.type === 'multiset') {
    if (found?.values.includes(MASKED)) throw masked(table, 'a row without a key is masked', RAW_HINT);
    const gain = (wanted?.copies ?? 0) - (found?.copies ?? 0);
    const copies = Math.abs(gain);
    if (gain === 0) return [];
    return gain > 0
      ? [{ table, wanted: wanted!.values, found: undefined, rowid: undefined, copies }]
      : [{ table, wanted: undefined, found: found!.values, rowid: undefined, copies }];
  }
  const { values, rowid } = (found ?? wanted)!;
  if (table.key.columns.some((name) => values[columnOf(table, name)] === MASKED))
    throw masked(table, 'the key of a row is masked', RAW_HINT);
  return [{ table, wanted: wanted?.values, found: found?.values, rowid, copies: 1 }];
}

const RAW_HINT = 'Name the raw after-state as B: custody show lists it under afters.';

function masked(table: Table, why: string, hint: string): CustodyError {
  return unsupported(`table ${table.name}`, `${table.name}: ${why}`, hint);
}

interface ReadRow {
  readonly values: RowValue[];
  readonly rowid: bigint | undefined;
  readonly copies: number;
}

function restored(table: Table, key: Uint8Array, value: Uint8Array): ReadRow {
  const { values, count } = readRow(table, value);
  return { values, rowid: rowidOf(table, key, values), copies: count };
}
