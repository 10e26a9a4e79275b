import { undo } from '../../system/undo.ts';
import { CustodyError, faultOf, isCustodyError } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Captured, Engine, EngineOptions, SourceSpec, Workspace } from '../engine.ts';
import { locateSource } from '../source-path.ts';
import { findBinaries } from './cluster/binaries.ts';
import { Cluster } from './cluster/cluster.ts';
import { isPlainDump } from './dump/dump-source.ts';
import { interrupted, translated } from './failure.ts';
import { makeImage } from './dump/image.ts';
import { checkSettings } from './settings.ts';
import { PostgresWorkspace } from './workspace.ts';

export { isPlainDump };

/** PostgreSQL 15 and newer, from a plain dump (gzipped or not), in a throw-away cluster of our own. */
export const postgresEngine: Engine = {
  name: 'postgres',
  settingFault: (name, value) => faultOf(() => checkSettings([[name, value]])),
  prepare,
};

/** Milliseconds that a query may run where no plan gives a limit. */
const CAPTURE_TIME_LIMIT = 3_600_000;

/**
 * The state that a dump holds, captured in a cluster of its own that is gone afterwards.
 * @throws CustodyError DATABASE_NOT_RECOGNISED, DUMP_MALFORMED, DATABASE_UNSUPPORTED, POSTGRES_NOT_FOUND, POSTGRES_FAILED, INTERRUPTED, …
 */
export async function captureDump(
  path: string,
  sink: ObjectSink,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Captured> {
  const engineOptions = { session: [], timeLimit: CAPTURE_TIME_LIMIT, ...options };
  await using workspace = await prepare({ file: path }, engineOptions);
  const clone = await workspace.restore('snapshot');
  return await abortable(options.signal, () => clone.capture(sink));
}

/**
 * @throws CustodyError PATH_NOT_FOUND, SOURCE_CHANGED, DATABASE_NOT_RECOGNISED, USAGE (a session setting), POSTGRES_NOT_FOUND,
 *   POSTGRES_FAILED, DUMP_MALFORMED, DATABASE_UNSUPPORTED, INTERRUPTED, DISK_FULL.
 */
async function prepare(source: SourceSpec, options: EngineOptions): Promise<Workspace> {
  const { signal, progress } = options;
  checkSettings(options.session);
  const file = await locateSource(source);
  if (!(await isPlainDump(file))) {
    throw new CustodyError('DATABASE_NOT_RECOGNISED', `${source.file} is not a plain PostgreSQL dump`, {
      hint: 'Make one with pg_dump (plain format, which is the default; gzip is fine).',
      path: source.file,
    });
  }
  const binaries = await findBinaries();
  progress?.(`start PostgreSQL ${binaries.version}`);
  const cluster = await Cluster.start(binaries, { signal });
  const stop = (): void => cluster.abort();
  const release = (): void => signal?.removeEventListener('abort', stop);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    progress?.('load the dump');
    const digest = await abortable(signal, () => translated('load', () => makeImage(cluster, file, signal)));
    return new PostgresWorkspace(cluster, file, digest, options, release);
  } catch (error) {
    release();
    throw await undo(error, () => cluster[Symbol.asyncDispose]());
  }
}

/** What fails because we ended the server on request is an interruption, whatever it looks like. */
async function abortable<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    if (signal?.aborted) throw interrupted();
    return await work();
  } catch (error) {
    throw signal?.aborted === true && !isCustodyError(error, 'INTERRUPTED') ? interrupted(error) : error;
  }
}
