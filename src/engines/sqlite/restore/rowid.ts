import { integerOfKey, MAX_KEY } from '../../../objects/rows/key.ts';
import type { RowValue } from '../../../objects/rows/row.ts';
import type { Table } from '../../../objects/snapshots/diff.ts';
import { columnOf, malformed, RESTORE_IMAGE_HINT, unsupported } from '../../restore/model.ts';

/**
 * The rowid where it is the key (spec/FORMAT.md, "Keys of rows"). INTEGER PRIMARY KEY is NULL in the record: its value is put
 * into `values`, and the column serves as the key.
 */
export function sqliteRowid(table: Table, key: Uint8Array, values: RowValue[]): bigint | undefined {
  if (table.key.type === 'rowid') {
    const rowid = integerOfKey(key);
    if (rowid === undefined) throw malformed(table, 'the key of a row is no rowid');
    return rowid;
  }
  const columns = table.key.columns.map((name) => columnOf(table, name));
  if (!columns.some((i) => values[i] === null)) return undefined;
  const whole = integerOfKey(key);
  if (columns.length === 1 && whole !== undefined) {
    values[columns[0]!] = whole;
    return undefined;
  }
  // With NULL in a declared key the rowid is the key's last part, unless the key was too long to be kept whole.
  const rowid = key.length < MAX_KEY ? integerOfKey(key.subarray(-9)) : undefined;
  if (rowid === undefined)
    throw unsupported(
      `table ${table.name}`,
      `${table.name} has a long key with NULL in it, which does not tell the row`,
      RESTORE_IMAGE_HINT,
    );
  return rowid;
}
