import type { Engine } from '../engines/engine.ts';
import type { AppendOptions, AppendResult, Ledger } from '../ledger/ledger.ts';
import type { Digest } from '../objects/digest.ts';
import type { ObjectSink } from '../objects/sink.ts';
import { recogniseDatabase } from '../engines/load.ts';

export interface SnapshotResult {
  readonly snapshot: Digest;
  readonly engine: Engine['name'];
  readonly rows: number;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly root: Digest }>>;
  /** Bytes of the objects that were not in the ledger before, uncompressed. */
  readonly newBytes: number;
  readonly record: number | null;
  /** Why the log was not signed with it; null where it was, and without a ledger. */
  readonly unsigned: AppendResult['unsigned'];
}

/**
 * Captures a database and appends a `snapshot` entry; without a ledger it only computes.
 * @throws CustodyError DATABASE_*, POSTGRES_*, DISK_FULL, LOCK_TIMEOUT, …; then the ledger is as it was.
 */
export async function snapshotDatabase(
  ledger: Ledger | undefined,
  path: string,
  options: AppendOptions & {
    author: string;
    lane: string;
    message: string;
    progress?: (phrase: string) => void;
  },
): Promise<SnapshotResult> {
  // Before anything is opened for writing.
  const recognised = await recogniseDatabase(path);
  const capture = (sink: ObjectSink): ReturnType<typeof recognised> => {
    options.progress?.('capture');
    return recognised(sink, options.signal ? { signal: options.signal } : {});
  };
  if (!ledger) {
    const seen = new Set<Digest>();
    let newBytes = 0;
    const { snapshot, ...rest } = await capture({
      put: (_codec, digest, bytes) => {
        if (!seen.has(digest)) newBytes += bytes.length;
        seen.add(digest);
      },
    });
    return { ...rest, snapshot: snapshot.digest, newBytes, record: null, unsigned: null };
  }
  await using session = await ledger.session();
  const { writer } = session;
  let newBytes = 0;
  const counting: ObjectSink = {
    put: (codec, digest, bytes) => {
      const before = writer.added;
      writer.put(codec, digest, bytes);
      if (writer.added > before) newBytes += bytes.length;
    },
  };
  const { snapshot, ...rest } = await capture(counting);
  const { author, lane, message } = options;
  const appended = await session.append({ type: 'snapshot', snapshot, author, lane, message }, options);
  return {
    ...rest,
    snapshot: snapshot.digest,
    newBytes,
    record: appended.index,
    unsigned: appended.unsigned,
  };
}
