import { CustodyError, fromSystemError } from '../errors.ts';
import type { ObjectSink } from '../objects/sink.ts';
import { openRegular } from '../system/regular-file.ts';
import type { Captured, Engine } from './engine.ts';

/** Engines load when they are needed: each brings heavy packages. */
const ENGINES: Readonly<Record<Engine['name'], () => Promise<Engine>>> = {
  sqlite: async () => (await import('./sqlite/index.ts')).sqliteEngine,
  postgres: async () => (await import('./postgres/index.ts')).postgresEngine,
};

export function loadEngine(name: Engine['name']): Promise<Engine> {
  return ENGINES[name]();
}

export type CaptureDatabase = (
  sink: ObjectSink,
  options: { signal?: AbortSignal },
) => Promise<Captured & { engine: Engine['name'] }>;

/**
 * Finds out whether a file is a SQLite database or a plain PostgreSQL dump, and says how to capture it.
 * @throws CustodyError DATABASE_NOT_RECOGNISED, PATH_NOT_FOUND, …; the capture throws what the engine throws.
 */
export async function recogniseDatabase(path: string): Promise<CaptureDatabase> {
  const sqlite = await import('./sqlite/index.ts');
  if (await sqlite.isSqliteDatabase(path))
    return async (sink, options) => ({
      ...(await sqlite.captureFile(path, sink, options)),
      engine: 'sqlite',
    });
  const postgres = await import('./postgres/index.ts');
  if (await postgres.isPlainDump(path))
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

/** By the first bytes: a SQLite file, or what pg_dump writes, gzipped or not. */
export async function looksLikeDatabase(path: string): Promise<boolean> {
  try {
    await using file = await openRegular(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    const start = buffer.subarray(0, bytesRead);
    if (start.toString('latin1').startsWith('SQLite format 3\0')) return true;
    if (start.toString('latin1').startsWith('--\n-- PostgreSQL database dump')) return true;
    return (
      start[0] === 0x1f &&
      start[1] === 0x8b &&
      (await (await import('./postgres/index.ts')).isPlainDump(path))
    );
  } catch (error) {
    throw fromSystemError(error, path);
  }
}
