import type { Captured, Engine } from '../engines/engine.ts';
import { CustodyError } from '../errors.ts';
import type { ObjectSink } from '../objects/sink.ts';

/** Engines load when they are needed: each brings heavy packages. */
export async function loadEngine(name: 'sqlite' | 'postgres'): Promise<Engine> {
  return name === 'sqlite'
    ? (await import('../engines/sqlite/index.ts')).sqliteEngine
    : (await import('../engines/postgres/index.ts')).postgresEngine;
}

export type Capture = (
  sink: ObjectSink,
  options: { signal?: AbortSignal },
) => Promise<Captured & { engine: 'sqlite' | 'postgres' }>;

/**
 * Finds out whether a file is a SQLite database or a plain PostgreSQL dump, and says how to capture it.
 * @throws CustodyError DATABASE_NOT_RECOGNISED, PATH_NOT_FOUND, …; the capture throws what the engine throws.
 */
export async function recogniseDatabase(path: string): Promise<Capture> {
  const sqlite = await import('../engines/sqlite/index.ts');
  if (await sqlite.recognise(path))
    return async (sink, options) => ({
      ...(await sqlite.captureFile(path, sink, options)),
      engine: 'sqlite',
    });
  const postgres = await import('../engines/postgres/index.ts');
  if (await postgres.recognise(path))
    return async (sink, options) => ({
      ...(await postgres.captureDump(path, sink, options)),
      engine: 'postgres',
    });
  throw new CustodyError(
    'DATABASE_NOT_RECOGNISED',
    `${path} is neither a SQLite database nor a plain PostgreSQL dump`,
    {
      path,
      hint: 'Give a SQLite file, or what pg_dump writes without -F (gzip is fine).',
    },
  );
}
