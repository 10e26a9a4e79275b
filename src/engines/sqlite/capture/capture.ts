import { codeOf, CustodyError } from '../../../errors.ts';
import type { ObjectSink } from '../../../objects/sink.ts';
import { SnapshotBuilder, type TableBuilder } from '../../../objects/snapshots/builder.ts';
import type { Captured } from '../../engine.ts';
import { checkIntegrity } from '../process/integrity.ts';
import { sqlError } from '../script/sql-error.ts';
import { openCopy, openReader } from './reader.ts';
import { readState, type Part, type Unhidden } from './state.ts';
import { unhide } from './table-shape.ts';
import { undoNow } from '../../../system/undo.ts';

/**
 * Captures a closed database file.
 * @throws CustodyError DATABASE_CORRUPT, DATABASE_UNSUPPORTED, INTERRUPTED, and what the sink throws.
 */
export async function captureDatabase(
  file: string,
  sink: ObjectSink,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Captured> {
  using reader = openReader(file);
  const { reads, path } = reader;
  await checkIntegrity(reader, signal);
  return await buildSnapshot(
    readState(reads, (table) => unhideIn(path, table)),
    sink,
    signal,
  );
}

function unhideIn(path: string, table: string): Unhidden {
  const copy = openCopy(path);
  try {
    const shape = unhide(copy, table);
    return { reads: copy.reads, shape, [Symbol.dispose]: () => copy[Symbol.dispose]() };
  } catch (error) {
    throw undoNow(error, () => copy[Symbol.dispose]());
  }
}

/**
 * The snapshot of what {@link readState} reads, here or in another process.
 * @throws CustodyError for what SQLite throws meanwhile; INTERRUPTED; what the sink throws.
 */
export async function buildSnapshot(
  parts: Iterable<Part> | AsyncIterable<Part>,
  sink: ObjectSink,
  signal: AbortSignal | undefined,
): Promise<Captured> {
  const builder = new SnapshotBuilder(sink, 'sqlite');
  let table: TableBuilder | undefined;
  let name: string | undefined;
  try {
    for await (const part of parts) {
      if ('rows' in part) {
        await breathe(signal);
        for (const [key, row] of part.rows) table!.add(key, row);
        continue;
      }
      table?.close();
      table = undefined;
      if ('fact' in part) builder.fact(...part.fact);
      else if ('schema' in part) builder.schema(...part.schema);
      else if ('sequence' in part) builder.sequence(...part.sequence);
      else {
        table = builder.table(part.table);
        name = part.table.name;
      }
    }
  } catch (error) {
    throw codeOf(error)?.startsWith('SQLITE_') ? sqlError(error, 'DATABASE_CORRUPT', name) : error;
  }
  table?.close();
  return builder.finish();
}

async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal?.aborted)
    throw new CustodyError('INTERRUPTED', 'interrupted while a table was read', {
      hint: 'Run the command again.',
    });
}
