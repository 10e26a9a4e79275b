import { TextBytes } from '../../objects/rows/key.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import type { RowValue } from '../../objects/rows/row.ts';
import type { RestoreStep, Unique } from '../../engines/restore/model.ts';

/** Some columns of a row: of a unique set, or of a foreign key's side, where NULL never meets NULL. */
export type Columns = Pick<Unique, 'columns'> & Partial<Unique>;

/** What holds of no tuple: a NULL refers to nothing and meets nothing. */
export const NOTHING = undefined;

/** The values of `columns` that are there before the step and no longer after it. */
export function leaves(step: RestoreStep, columns: Columns): string | undefined {
  const { wanted, found } = step.change;
  if (step.kind === 'insert' || !found) return NOTHING;
  const old = tupleOf(found, columns);
  return stays(step) && wanted && sameIn(wanted, found, columns) ? NOTHING : old;
}

/** The values of `columns` that are there after the step and were not before it. */
export function comes(step: RestoreStep, columns: Columns): string | undefined {
  const { wanted, found } = step.change;
  if (step.kind === 'delete' || !wanted) return NOTHING;
  const now = tupleOf(wanted, columns);
  return stays(step) && found && sameIn(wanted, found, columns) ? NOTHING : now;
}

/** A foreign key holds where values are equal; a unique value may be equal for one index and another for the next. */
function sameIn(a: readonly RowValue[], b: readonly RowValue[], columns: Columns): boolean {
  if (columns.nullsMeet === undefined) return tupleOf(a, columns) === tupleOf(b, columns);
  return columns.columns.every((i) => exactly(a[i]) === exactly(b[i]));
}

function exactly(value: RowValue | undefined): string {
  if (value instanceof TextBytes) return `text ${Buffer.from(value.bytes).toString('hex')}`;
  if (value instanceof Uint8Array) return `blob ${Buffer.from(value).toString('hex')}`;
  return `${typeof value} ${value === MASKED ? 'masked' : String(value)}`;
}

/** Whether a column counts as the same in both rows. */
export function staysAlike(a: readonly RowValue[], b: readonly RowValue[], column: number): boolean {
  const one = { columns: [column], nullsMeet: true };
  return tupleOf(a, one) === tupleOf(b, one);
}

/** The row is there before and after. */
function stays({ kind }: RestoreStep): boolean {
  return kind === 'update' || kind === 'park';
}

function tupleOf(values: readonly RowValue[], { columns, nullsMeet = false }: Columns): string | undefined {
  const parts: (string | null)[] = [];
  for (const i of columns) {
    const value = values[i];
    if (value === undefined || value === MASKED || (value === null && !nullsMeet)) return NOTHING;
    parts.push(value === null ? null : comparable(value));
  }
  return JSON.stringify(parts);
}

/**
 * Values that any comparison of the engines (affinity, NOCASE, RTRIM, numeric) may call equal get one text. Calling too
 * much equal only orders more than is needed.
 */
export function comparable(value: Exclude<RowValue, null | typeof MASKED>): string {
  if (typeof value === 'bigint') return String(Number(value));
  if (typeof value === 'number') return String(value);
  const bytes = value instanceof TextBytes ? value.bytes : value;
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
  const trimmed = text.trimEnd();
  const number = trimmed === '' ? NaN : Number(trimmed);
  return Number.isNaN(number) ? trimmed.toLowerCase() : String(number);
}
