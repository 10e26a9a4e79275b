import { CustodyError } from '../../errors.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import { encodeRow, type RowValue } from '../../objects/rows/row.ts';
import type { Table } from '../../objects/snapshots/diff.ts';
import type { Walk } from '../../objects/walk.ts';

/** A schema object as a snapshot holds it. */
export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly pairs: readonly (readonly [name: string, value: string])[];
}

/** What writing to a table must know beyond its columns. Columns are indexes into `table.columns`. */
export interface TableInfo {
  readonly table: Table;
  /** Never written: the engine computes them. */
  readonly generated: ReadonlySet<number>;
  /** PostgreSQL: GENERATED ALWAYS AS IDENTITY, which an UPDATE may not set. */
  readonly identity: ReadonlySet<number>;
  readonly references: readonly Reference[];
  readonly uniques: readonly Unique[];
  /** Columns in which NULL may stand for a moment: nothing that the schema says of the table can mind. */
  readonly nullable: ReadonlySet<number>;
  /** Columns in which any unused value of their type may stand for a moment. */
  readonly free: ReadonlySet<number>;
  /** SQLite: the free name of the rowid that no column shows; undefined where none is free. */
  readonly rowid: string | undefined;
  /** SQLite: AUTOINCREMENT, so that an INSERT may move the counter. */
  readonly counted: boolean;
  /** SQLite: some collation may make different text equal. */
  readonly collated: boolean;
  /** What the engine runs by itself when rows are written: names of triggers and rules. */
  readonly fires: readonly string[];
}

export type Infos = ReadonlyMap<string, TableInfo>;

/** A foreign key of a table. */
export interface Reference {
  readonly columns: readonly number[];
  /** Name of the table it points to. */
  readonly table: string;
  readonly targets: readonly number[];
  /** ON UPDATE does something to the rows that refer, or is refused even where the key is deferred (RESTRICT). */
  readonly acts: boolean;
}

/**
 * Columns of which no two rows may hold the same values. A partial index counts as if it were whole, one over expressions
 * as one over the columns that these name: for most (`lower(code)`) that only orders more than is needed.
 */
export interface Unique {
  readonly columns: readonly number[];
  /** NULL meets NULL, or may. */
  readonly nullsMeet: boolean;
}

/** One row that differs between the two states. */
export interface RowChange {
  readonly table: Table;
  /** Its values in A, which must be there again; undefined: it must go. */
  readonly wanted: readonly RowValue[] | undefined;
  /** Its values in B; undefined: it is not there. */
  readonly found: readonly RowValue[] | undefined;
  /** SQLite: the rowid, where the declared key does not tell the row. */
  readonly rowid: bigint | undefined;
  /** Multisets: how many of these equal rows come or go; else 1. */
  readonly copies: number;
}

export interface SequenceChange {
  readonly name: string;
  /** `name: value` lines of its definition in A and in B. */
  readonly wanted: string | undefined;
  readonly found: string | undefined;
}

/**
 * One step of the script. An update may be carried out as a delete and an insert of the same change. `park` is the first
 * half of a detour: it gives unique values up for temporary ones, and the row's own step ends what it began.
 */
export interface RestoreStep {
  readonly kind: 'delete' | 'park' | 'update' | 'insert';
  /** From what the step finds to what it leaves: for the halves of a detour not what the states say. */
  readonly change: RowChange;
  readonly detour?: Detour | undefined;
}

export interface Detour {
  /** The change without the detour. */
  readonly origin: RowChange;
  /** What comes first; undefined in that step itself. */
  readonly park: RestoreStep | undefined;
}

/** What a dialect may look at to find the counters that a script moves. */
export interface Counted {
  /** A. */
  readonly snapshot: ObjectOf<'snapshot'>;
  readonly sequences: readonly SequenceChange[];
}

/** How one engine describes its tables and writes its statements. */
export interface Dialect {
  /** What whoever opens the script must know of its values. */
  readonly note: string | undefined;
  /** How constraints are deferred while a script runs. */
  readonly deferral: string;
  describe(schema: readonly SchemaObject[], tables: readonly Table[]): ReadonlyMap<string, TableInfo>;
  /** Statements without their semicolon, in order. @throws RESTORE_UNSUPPORTED */
  rows(step: RestoreStep, info: TableInfo): string[];
  sequence(change: SequenceChange): string[];
  /** Counters that are the same in A and B, and that these steps move all the same: to be put back as well. */
  moved<T>(states: Counted, steps: readonly RestoreStep[], infos: Infos): Walk<T, SequenceChange[]>;
  /** The nth of the values that may stand in `column` for a moment in the place of `value`; undefined: there are no more. */
  temporary(table: Table, column: number, value: RowValue, n: number): RowValue | undefined;
}

/** @param path names what cannot be restored: `database user_version`, `schema index x`, `table x`. */
export function unsupported(path: string, why: string, hint: string): CustodyError {
  return new CustodyError('RESTORE_UNSUPPORTED', `no restore script: ${why}`, { path, hint });
}

export const RESTORE_IMAGE_HINT = 'Go back with the restore image (leg R) instead.';

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

export function columnOf(table: Table, name: string): number {
  const at = table.columns.findIndex((column) => column.name === name);
  if (at < 0) throw malformed(table, `its key names ${name}, which is no column`);
  return at;
}

export function malformed(table: Table, what: string): CustodyError {
  return new CustodyError('ROW_MALFORMED', `table ${table.name}: ${what}`, { path: table.name });
}
