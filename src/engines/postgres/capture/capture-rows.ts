import { CustodyError } from '../../../errors.ts';
import { boundKey, encodeKey, TextBytes, type KeyPart } from '../../../objects/rows/key.ts';
import { multisetEntries } from '../../../objects/rows/multiset.ts';
import { decodeField, splitFields } from '../../../objects/rows/postgres-copy.ts';
import type { SnapshotBuilder } from '../../../objects/snapshots/builder.ts';
import type { PostgresConnection } from '../connection.ts';
import { displayName, quoteIdentifier } from '../names.ts';

/** A relation with rows of its own: a table, a leaf partition, a populated materialised view. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** SQL for what is read of each column. */
  readonly readings: readonly string[];
  /** Columns of the primary key in its order; empty: the table is a multiset. */
  readonly key: readonly { readonly name: string; readonly integer: boolean }[];
}

/**
 * Adds one relation to the snapshot. A row is the line that COPY prints, without its newline; the order is ours.
 * Rows are sorted in memory, one relation at a time.
 */
export async function captureRows(
  connection: PostgresConnection,
  relation: Relation,
  builder: SnapshotBuilder,
): Promise<void> {
  const keyed = relation.key.length > 0;
  const table = builder.table({
    name: displayName(relation.schema, relation.name),
    format: 'postgres-copy',
    columns: relation.columns,
    key: { type: keyed ? 'declared' : 'multiset', columns: relation.key.map(({ name }) => name) },
  });
  const lines: Uint8Array[] = [];
  for await (const line of copyLines(await connection.copyOut(copySql(relation)))) lines.push(line);
  const entries = keyed ? keyedEntries(lines, relation) : multisetEntries(lines);
  for (const [key, row] of entries) table.add(key, row);
  table.close();
}

/** `FROM ONLY`, columns by name: generated columns are included, rows of children are not. */
function copySql({ schema, name, readings }: Relation): string {
  return `COPY (SELECT ${readings.join(', ')} FROM ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)}) TO STDOUT`;
}

/** Lines end at the byte 0A only: COPY escapes every newline inside of a value. */
async function* copyLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = data.indexOf(0x0a); at >= 0; at = data.indexOf(0x0a, from)) {
      yield new Uint8Array(data.buffer, data.byteOffset + from, at - from);
      from = at + 1;
    }
    rest = data.subarray(from);
  }
  if (rest.length > 0) throw new CustodyError('ENGINE_FAILED', 'COPY ended in the middle of a row');
}

function keyedEntries(lines: readonly Uint8Array[], { key, columns }: Relation): [Uint8Array, Uint8Array][] {
  const parts = key.map(({ name, integer }) => ({
    at: columns.findIndex((column) => column.name === name),
    integer,
  }));
  return lines
    .map((row): [Uint8Array, Uint8Array] => {
      const fields = splitFields(row);
      return [boundKey(encodeKey(parts.map(({ at, integer }) => keyPart(fields[at], integer)))), row];
    })
    .sort(([a], [b]) => Buffer.compare(a, b));
}

/** int2, int4 and int8 sort as integers; everything else by the bytes of its text. */
function keyPart(raw: Uint8Array | undefined, integer: boolean): KeyPart | TextBytes {
  const value = raw === undefined ? null : decodeField(raw);
  if (!(value instanceof Uint8Array)) throw new CustodyError('ENGINE_FAILED', 'a primary key is NULL');
  return integer ? BigInt(Buffer.from(value).toString('latin1')) : new TextBytes(value);
}
