import { isUtf8 } from 'node:buffer';
import { quoteIdentifier } from '../names.ts';
import { CustodyError } from '../../../errors.ts';
import type { RowValue } from '../../../objects/rows/row.ts';
import {
  changedColumns,
  columnOf,
  RESTORE_IMAGE_HINT,
  unsupported,
  type Dialect,
  type RowChange,
  type TableInfo,
} from '../../restore/model.ts';
import { describePostgres, parseName } from './schema.ts';

/** The statements of a PostgreSQL restore script. Every name is quoted and has its schema; rows of children stay out. */
export const postgresDialect: Dialect = {
  note: 'Values are text as PostgreSQL prints it with TimeZone UTC, DateStyle ISO and lc_monetary C.',
  deferral: 'declared DEFERRABLE',
  describe: (schema, tables) => {
    const infos = describePostgres(schema, tables);
    const views = schema.filter(({ type }) => type === 'materialized-view').map(({ name }) => name);
    return new Map([...infos].filter(([name]) => !views.includes(name)));
  },
  rows: ({ kind, change }, info) => {
    const name = parseName(change.table.name).map(quoteIdentifier).join('.');
    if (kind === 'insert') return insert(name, change, info);
    if (change.table.key.type === 'multiset') return [deleteEqual(name, change)];
    if (kind === 'delete') return [`DELETE FROM ONLY ${name} WHERE ${keyIs(change)}`];
    const changed = changedColumns(change, info);
    // An UPDATE cannot set GENERATED ALWAYS AS IDENTITY, an INSERT can.
    if (changed.some((i) => info.identity.has(i)))
      return [`DELETE FROM ONLY ${name} WHERE ${keyIs(change)}`, ...insert(name, change, info)];
    const sets = changed.map((i) => `${column(change, i)} = ${cast(change, i, change.wanted![i]!)}`);
    return [`UPDATE ONLY ${name} SET ${sets.join(', ')} WHERE ${keyIs(change)}`];
  },
  sequence: ({ name, wanted }) => {
    const [, last, called] = /^last_value: (-?\d+)\nis_called: (true|false)$/.exec(wanted ?? '') ?? [];
    if (last === undefined || called === undefined)
      throw unsupported(`sequence ${name}`, `sequence ${name} is only in one state`, RESTORE_IMAGE_HINT);
    const sequence = parseName(name).map(quoteIdentifier).join('.');
    return [`SELECT pg_catalog.setval(${textLiteral(Buffer.from(sequence))}, ${last}, ${called})`];
  },
  *moved() {
    return [];
  },
  temporary: (table, i, _value, n) => {
    const value = temporaryText(table.columns[i]!.type, n);
    return value === undefined ? undefined : Buffer.from(value);
  },
};

function insert(name: string, change: RowChange, info: TableInfo): string[] {
  const { wanted, copies } = change;
  const written = change.table.columns.map((_, i) => i).filter((i) => !info.generated.has(i));
  // One that names no column cannot have a list.
  if (written.length === 0) return Array.from({ length: copies }, () => `INSERT INTO ${name} DEFAULT VALUES`);
  const columns = written.map((i) => column(change, i)).join(', ');
  const values = written.map((i) => cast(change, i, wanted![i]!)).join(', ');
  const into = `INSERT INTO ${name} (${columns})${info.identity.size > 0 ? ' OVERRIDING SYSTEM VALUE' : ''}`;
  return copies === 1
    ? [`${into} VALUES (${values})`]
    : [`${into} SELECT ${values} FROM pg_catalog.generate_series(1, ${copies})`];
}

/** For types of which any value may stand anywhere, in the text that PostgreSQL prints. */
function temporaryText(type: string, n: number): string | undefined {
  const digits = n.toString();
  if (/^(integer|bigint|numeric)$/.test(type)) return digits;
  if (type === 'smallint') return n < 32_768 ? digits : undefined;
  if (type === 'uuid') return `00000000-0000-4000-8000-${digits.padStart(12, '0')}`;
  if (type === 'bytea') return `\\x${digits.padStart(16, '0')}`;
  if (type === 'text' || type === 'character varying') return `custody-${digits}`;
  const [, room] = /^character(?: varying)?\((\d+)\)$/.exec(type) ?? [];
  return room !== undefined && digits.length <= Number(room) ? digits : undefined;
}

function keyIs(change: RowChange): string {
  const { table, found } = change;
  const at = table.key.columns.map((name) => columnOf(table, name));
  return at.map((i) => `${column(change, i)} = ${cast(change, i, found![i]!)}`).join(' AND ');
}

/** So many of the rows that are equal in every column. */
function deleteEqual(name: string, change: RowChange): string {
  const equal = change.table.columns.map((_, i) => isExactly(change, i)).join(' AND ') || 'true';
  return `DELETE FROM ONLY ${name} WHERE ctid IN (SELECT ctid FROM ONLY ${name} WHERE ${equal} LIMIT ${change.copies})`;
}

/** Types whose `=` holds for equal text alone, whatever the session's settings are. */
const IDENTICAL =
  /^(smallint|integer|bigint|oid|boolean|uuid|bytea|date|time(stamp)?(\(\d\))? with(out)? time zone)$/;

/**
 * Equal is not identical (1.10 = 1.1, `json` has no `=`): other types are compared by what their output function prints.
 * `IS NULL` would also hold for a composite value of NULLs.
 */
function isExactly(change: RowChange, i: number): string {
  const value = change.found?.[i] ?? null;
  const name = column(change, i);
  if (value === null) return `${name} IS NOT DISTINCT FROM NULL`;
  const { type } = change.table.columns[i]!;
  if (IDENTICAL.test(type)) return `${name} = ${cast(change, i, value)}`;
  const literal = textLiteral(bytesOf(value));
  if (/^(text|character varying(\(\d+\))?)$/.test(type))
    return `${name} = ${literal}::text COLLATE pg_catalog."C"`;
  return `${name} IS DISTINCT FROM NULL AND pg_catalog.format('%s', ${name}) = ${literal} COLLATE pg_catalog."C"`;
}

function column({ table }: RowChange, i: number): string {
  return quoteIdentifier(table.columns[i]!.name);
}

/** A value in the column's own type: `NULL`, or its text as COPY printed it. */
function cast({ table }: RowChange, i: number, value: RowValue): string {
  return value === null ? 'NULL' : `${textLiteral(bytesOf(value))}::${table.columns[i]!.type}`;
}

function bytesOf(value: RowValue): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length);
  throw new CustodyError('INTERNAL', 'a value of PostgreSQL that is no text was to be written');
}

/** A string constant on one line, without a character that a reader may not see. */
export function textLiteral(bytes: Buffer): string {
  if (!isUtf8(bytes)) return `E'${bytesEscaped(bytes)}'`;
  const source = bytes.toString('utf8');
  const body = source.replace(/['\\]|[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    if (character === "'") return "''";
    if (character === '\\') return '\\\\';
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`;
  });
  // Without a backslash nothing was escaped but quotes.
  return `${body.includes('\\') ? 'E' : ''}'${body}'`;
}

/** What a database without an encoding (SQL_ASCII) may hold: every byte beyond ASCII by its number. */
function bytesEscaped(bytes: Buffer): string {
  return Array.from(bytes, (byte) => {
    if (byte === 0x27) return "''";
    if (byte === 0x5c) return '\\\\';
    return byte < 0x20 || byte > 0x7e
      ? `\\x${byte.toString(16).padStart(2, '0')}`
      : String.fromCharCode(byte);
  }).join('');
}
