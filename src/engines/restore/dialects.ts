import type { ObjectOf } from '../../objects/kinds.ts';
import type { RowValue } from '../../objects/rows/row.ts';
import type { EngineName } from '../../objects/snapshots/classes.ts';
import type { Table } from '../../objects/snapshots/diff.ts';
import { definitionText, findFact } from '../../objects/snapshots/facts.ts';
import type { Walk } from '../../objects/walk.ts';
import { postgresDialect } from '../postgres/restore/statements.ts';
import { sqliteRowid } from '../sqlite/restore/rowid.ts';
import { sqliteDialect } from '../sqlite/restore/statements.ts';
import type { Dialect } from './model.ts';

const DIALECTS: Readonly<Record<EngineName, (encoding: string) => Dialect>> = {
  sqlite: sqliteDialect,
  postgres: () => postgresDialect,
};

/** How the engine of a snapshot writes restore scripts. */
export function* dialectOf<T>(snapshot: ObjectOf<'snapshot'>): Walk<T, Dialect> {
  const encoding = yield* findFact<T>(snapshot, 'database', 'encoding');
  return DIALECTS[snapshot.engine](encoding === undefined ? '' : definitionText(encoding));
}

type RowidOf = (table: Table, key: Uint8Array, values: RowValue[]) => bigint | undefined;

const ROWIDS: Readonly<Record<Table['format'], RowidOf>> = {
  'sqlite-record': sqliteRowid,
  'postgres-copy': () => undefined,
};

/** The row's number where the declared key does not tell the row; what the record leaves to the key goes into `values`. */
export function rowidOf(table: Table, key: Uint8Array, values: RowValue[]): bigint | undefined {
  return ROWIDS[table.format](table, key, values);
}
