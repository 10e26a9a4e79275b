import { CustodyError } from '../../../errors.ts';
import type { SqlReads } from './sql-reads.ts';

export interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly rootpage: bigint | null;
  readonly sql: string | null;
}

/** What bytes that are no text become when they are read as text. */
const REPLACEMENT = '\ufffd';

/**
 * The schema's rows say what SQLite makes of them. It does not read `type` itself, so a row that was written by hand can
 * hide a table from whoever does; and two names that are not text can be read as one.
 * @throws CustodyError DATABASE_UNSUPPORTED
 */
export function checkSchema(db: SqlReads, rows: readonly SchemaRow[]): void {
  const said = rows
    .filter(({ type }) => type === 'table' || type === 'view')
    .map(
      ({ type, name, rootpage }) => `${type === 'view' ? 'view' : rootpage ? 'table' : 'virtual'} ${name}`,
    );
  const listed = db.all('PRAGMA main.table_list') as { schema: string; name: string; type: string }[];
  const seen = listed
    .filter(({ schema, name }) => schema === 'main' && name !== 'sqlite_schema')
    .map(({ type, name }) => `${type === 'shadow' ? 'table' : type} ${name}`);
  if (said.sort().join('\0') !== seen.sort().join('\0'))
    throw unsupported('its schema does not say what SQLite makes of it');
  for (const { name } of rows) checkName(name);
  // A view may be broken, and a virtual table without its module: they store nothing.
  const stored = listed.filter(({ schema, type }) => schema === 'main' && /^(table|shadow)$/.test(type));
  for (const { name } of stored)
    for (const column of db.all(`PRAGMA main.table_xinfo('${name.replaceAll("'", "''")}')`) as {
      name: string;
    }[])
      checkName(column.name);
}

/** @throws CustodyError DATABASE_UNSUPPORTED */
function checkName(name: string): void {
  if (name.includes(REPLACEMENT))
    throw unsupported(`a name is not text, or cannot be told from one: ${name}`);
}

function unsupported(why: string): CustodyError {
  return new CustodyError('DATABASE_UNSUPPORTED', `the database cannot be captured: ${why}`, {
    hint: 'Dump it with sqlite3 and load the dump into a new file; look at what was hidden.',
  });
}
