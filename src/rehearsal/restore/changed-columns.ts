import { encodeRow, type RowValue } from '../../objects/rows/row.ts';
import { RESTORE_IMAGE_HINT, unsupported, type RowChange, type TableInfo } from './model.ts';

/** Columns that an UPDATE must set. @throws RESTORE_UNSUPPORTED where only computed columns differ. */
export function changedColumns({ table, wanted, found }: RowChange, info: TableInfo): number[] {
  const bytes = (value: RowValue): Buffer => Buffer.from(encodeRow(table.format, [value]));
  const changed = table.columns
    .map((_, i) => i)
    .filter((i) => !info.generated.has(i) && !bytes(wanted![i]!).equals(bytes(found![i]!)));
  if (changed.length > 0) return changed;
  throw unsupported(
    `table ${table.name}`,
    `a row of ${table.name} differs only in columns that the database computes`,
    RESTORE_IMAGE_HINT,
  );
}
