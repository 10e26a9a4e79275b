import { CustodyError, faultOf } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Captured, Engine } from '../engine.ts';
import { hasMagic } from './files.ts';
import { sessionPragmas } from './script/pragmas.ts';
import { SqliteWorkspace } from './workspace.ts';

/** SQLite: clones are files, SQL from outside runs in child processes, captures are read by another library. */
export const sqliteEngine: Engine = {
  name: 'sqlite',
  settingFault: (name, value) => faultOf(() => sessionPragmas([[name, value]])),
  prepare: (source, options) => SqliteWorkspace.prepare(source, options),
};

/** Whether `path` is an unencrypted SQLite database, by its first bytes. @throws PATH_NOT_FOUND, PATH_NOT_A_FILE, … */
export function isSqliteDatabase(path: string): Promise<boolean> {
  return hasMagic(path);
}

/**
 * Captures a database file as it stands, for `custody snapshot FILE`: from a private copy, with its WAL or hot journal
 * taken into account; the file itself is only read.
 * @throws CustodyError what {@link Engine.prepare} and a capture throw; SOURCE_CHANGED when it was written to meanwhile.
 */
export async function captureFile(
  path: string,
  sink: ObjectSink,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Captured> {
  const options = { session: [], timeLimit: 60_000, ...(signal === undefined ? {} : { signal }) };
  await using workspace = await SqliteWorkspace.prepare({ file: path }, options);
  const captured = await workspace.captureImage(sink);
  if (await workspace.sourceUnchanged()) return captured;
  throw new CustodyError('SOURCE_CHANGED', `${path} was written to while it was captured`, {
    path,
    hint: 'Stop what writes to the database and run the command again.',
  });
}
