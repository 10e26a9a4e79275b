import type { PostgresConnection } from '../connection.ts';

/**
 * Types whose text does not tell all of their values apart, and what does (spec/FORMAT.md, "Values that print alike"): XML is
 * printed without its declared encoding, a function or an operator by its name alone, an `&` or `|` of a tsquery without
 * its parentheses, and an empty oidvector or int2vector that was cast to an array like `{}`. What prints as it should
 * stays as it is printed.
 */
const TELLING: ReadonlyMap<string, (value: string) => string> = new Map([
  ['xml', (value) => `${value}::text`],
  ['xml[]', (value) => `${value}::text[]`],
  ['regproc', (value) => `${value}::oid::regprocedure`],
  ['regproc[]', (value) => `${value}::oid[]::regprocedure[]`],
  ['regoper', (value) => `${value}::oid::regoperator`],
  ['regoper[]', (value) => `${value}::oid[]::regoperator[]`],
  ['tsquery', (value) => textOrSent(value, 'tsquery', 'tsquerysend')],
  ['tsquery[]', (value) => textOrSent(value, 'tsquery[]', 'array_send')],
  ['smallint[]', arrayWithDimensions],
  ['oid[]', arrayWithDimensions],
]);

/** Base types of extensions that any owner of a database may install, and whose text loses what nothing else tells. */
const UNTOLD = ['seg', 'query_int', 'ltxtquery'] as const;

/** The text where it gives this very value when it is read, else the bytes of the binary format (`\x…`). */
function textOrSent(value: string, type: string, send: string): string {
  return `CASE WHEN ${send}(${value}::text::${type}) = ${send}(${value}) THEN ${value}::text ELSE ${send}(${value})::text END`;
}

/** `[0:-1]={}` is never printed by the server. */
function arrayWithDimensions(value: string): string {
  return `CASE WHEN cardinality(${value}) = 0 THEN coalesce(array_dims(${value}) || '=', '') || '{}' ELSE ${value}::text END`;
}

interface Type {
  readonly name: string;
  readonly kind: string;
  /** The type that a domain is over, or of an array's elements. */
  readonly part: string;
  readonly fields: readonly (readonly [name: string, type: string])[];
}

/**
 * Every type that has one of the above inside, and how it is made. A cast from an array type, which its owner may
 * define, would be asked instead of the casts of its elements: such an array is not read.
 */
const TYPES = `
WITH RECURSIVE holds (whole, part) AS (
  SELECT oid, typbasetype FROM pg_type WHERE typbasetype <> 0
  UNION ALL SELECT oid, typelem FROM pg_type WHERE typelem <> 0
  UNION ALL SELECT rngtypid, rngsubtype FROM pg_range
  UNION ALL SELECT rngmultitypid, rngtypid FROM pg_range
  UNION ALL SELECT c.reltype, a.atttypid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
), telling (oid) AS (
  SELECT oid FROM pg_type WHERE oid IN (${[...TELLING.keys()].map((type) => `'${type}'::regtype`).join(', ')})
    OR (typtype = 'b' AND typname IN (${UNTOLD.map((name) => `'${name}'`).join(', ')}))
  UNION SELECT h.whole FROM telling JOIN holds h ON h.part = telling.oid
)
SELECT t.oid::text, format_type(t.oid, NULL),
  CASE WHEN t.typtype = 'd' THEN 'domain' WHEN t.typtype = 'c' THEN 'composite'
    WHEN t.typelem <> 0 AND NOT EXISTS (SELECT FROM pg_cast WHERE castsource = t.oid) THEN 'array' ELSE 'other' END,
  CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END::text,
  (SELECT json_agg(json_build_array(quote_ident(a.attname), a.atttypid::text) ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)::text
FROM telling JOIN pg_type t USING (oid)`;

/** SQL for what is to be read of a value of type `oid` instead of the value; undefined where nothing tells it. */
export type Reading = (oid: string, value: string) => string | undefined;

export async function tellingReading(connection: PostgresConnection): Promise<Reading> {
  const types = new Map<string, Type>();
  for (const [oid, name, kind, part, fields] of await connection.rows(TYPES)) {
    types.set(oid ?? '', {
      name: name ?? '',
      kind: kind ?? '',
      part: part ?? '',
      fields: JSON.parse(fields ?? '[]') as [string, string][],
    });
  }
  return (oid, value) => read(types, oid, value);
}

function read(types: ReadonlyMap<string, Type>, oid: string, value: string): string | undefined {
  const type = types.get(oid);
  if (type === undefined) return value;
  const telling = TELLING.get(type.name);
  if (telling) return telling(value);
  switch (type.kind) {
    // The server looks at what a domain is over, not for casts from it.
    case 'domain':
      return read(types, type.part, `${value}::${types.get(type.part)?.name ?? ''}`);
    case 'array': {
      const array = `${undomained(types, type.part)}[]`;
      return TELLING.get(array)?.(`${value}::${array}`);
    }
    case 'composite':
      return row(types, type, value);
    default:
      return undefined;
  }
}

/** NULL and a row of nothing but NULL are two values: IS NULL would take them for one. */
function row(types: ReadonlyMap<string, Type>, { fields }: Type, value: string): string | undefined {
  const list = fields.map(([name, type]) => read(types, type, `(${value}).${name}`));
  if (list.includes(undefined)) return undefined;
  return `CASE WHEN (${value}) IS DISTINCT FROM NULL THEN ROW(${list.join(', ')}) END`;
}

function undomained(types: ReadonlyMap<string, Type>, oid: string): string {
  const type = types.get(oid);
  return type?.kind === 'domain' ? undomained(types, type.part) : (type?.name ?? '');
}
