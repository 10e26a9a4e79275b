import { captureFile } from '../../../src/engines/sqlite/index.ts';
import { decodeKind, type ObjectOf } from '../../../src/objects/kinds.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { decodeRecord, type SqliteValue } from '../../../src/objects/rows/sqlite-record.ts';
import { capture, make } from './helpers.ts';

export const hexBytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** Makes a database of its own each time. */
export function maker(file: (name: string) => string): (...sql: string[]) => string {
  let count = 0;
  return (...sql) => make(file(`${++count}.db`), ...sql);
}

interface Table {
  readonly object: ObjectOf<'table'>;
  readonly keys: string[];
  readonly rows: SqliteValue[][];
}

/** The table as it is stored, rows decoded. */
export async function stored(path: string, name: string): Promise<Table> {
  const sink = new MemoryObjects();
  const { snapshot } = await captureFile(path, sink);
  const { tables } = decodeKind('snapshot', sink.get(snapshot.digest));
  for (const [, link] of entries(sink, tables)) {
    const object = decodeKind('table', sink.get((link as Link).digest));
    if (object.name !== name) continue;
    const all = [...entries(sink, object.root)];
    return {
      object,
      keys: all.map(([key]) => Buffer.from(key).toString('hex')),
      rows: all.map(([, row]) => decodeRecord(row as Uint8Array)),
    };
  }
  throw new Error(`no table ${name}`);
}

function* entries(sink: MemoryObjects, root: Link): Generator<[Uint8Array, Uint8Array | Link]> {
  const bytes = sink.get(root.digest);
  const list = Buffer.from(bytes).includes('rows') ? decodeKind('rows', bytes) : decodeKind('node', bytes);
  if (list.kind === 'rows') yield* list.entries as [Uint8Array, Uint8Array | Link][];
  else for (const [, link] of list.entries) yield* entries(sink, link);
}

export async function roots(path: string): Promise<Record<string, string>> {
  const { tables } = await capture(path);
  return Object.fromEntries(Object.entries(tables).map(([name, { root }]) => [name, root]));
}
