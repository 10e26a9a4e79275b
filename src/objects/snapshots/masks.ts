import { CustodyError } from '../../errors.ts';
import type { Table } from './diff.ts';
import { rowBytes, walkMap } from '../map-walk.ts';
import { MASKED } from '../rows/masked.ts';
import { decodeRow, rowOf } from '../rows/row.ts';
import type { Walk } from '../walk.ts';

/**
 * Masked values stand only in the columns that their table names (SPEC.md, "Masking"): who judges looks at that list, and at
 * the rows that differ alone. It yields no items. @throws CustodyError ROW_MALFORMED, and what walking and decoding throw.
 */
export function* maskedAsNamed<T>(table: Table): Walk<T> {
  const named = new Set(table.masked);
  const walk = walkMap(table.root, table.rows);
  let step = walk.next();
  while (!step.done) {
    if ('need' in step.value) {
      step = walk.next(yield step.value);
      continue;
    }
    const { row } = rowOf(table, yield* rowBytes<T>(step.value.item.row));
    const at = decodeRow(table.format, row).findIndex(
      (value, i) => value === MASKED && !named.has(table.columns[i]?.name ?? ''),
    );
    if (at >= 0)
      throw new CustodyError(
        'ROW_MALFORMED',
        `a masked value in column ${at + 1} of ${table.name}, which does not say that it is masked`,
      );
    step = walk.next();
  }
}
