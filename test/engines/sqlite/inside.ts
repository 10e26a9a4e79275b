import { rmSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { buildSnapshot, captureDatabase } from '../../../src/engines/sqlite/capture/capture.ts';
import type { Part } from '../../../src/engines/sqlite/capture/state.ts';
import type { SqliteConnection } from '../../../src/engines/sqlite/process/connection.ts';
import type { ObjectSink } from '../../../src/objects/sink.ts';

const NOWHERE: ObjectSink = { put: () => undefined };

/** The parts that a connection reads, as they come out of the pipe. */
export function* partsInside(connection: SqliteConnection): Generator<Part> {
  for (;;) {
    const part = deserialize(serialize(connection.next())) as Part | null;
    if (part === null) return;
    yield part;
  }
}

/** The uncommitted state by its parts. */
export async function byParts(connection: SqliteConnection): Promise<string> {
  if (!connection.read()) throw new Error('a rowid is hidden');
  return (await buildSnapshot(partsInside(connection), NOWHERE, undefined)).snapshot.digest;
}

/** The uncommitted state by an image of it in `path`. */
export async function byImage(connection: SqliteConnection, path: string): Promise<string> {
  connection.image(path);
  try {
    return await byFile(path);
  } finally {
    rmSync(path);
  }
}

export async function byFile(path: string): Promise<string> {
  return (await captureDatabase(path, NOWHERE)).snapshot.digest;
}
