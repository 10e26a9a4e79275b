import type { ObjectSpool } from '../objects/sink.ts';
import { FsBackend } from '../store/fs.ts';
import { PackStore } from '../store/pack-store.ts';
import { temporaryFolder } from '../system/temporary-folder.ts';

/**
 * Objects on disk for as long as one command needs them, where there is no ledger to put them in, or none that may be
 * written to: a rerun's, a database file's that is compared. @throws as making a temporary folder does.
 */
export async function scratchSpool(): Promise<{ readonly objects: ObjectSpool } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('spool'));
  const store = await PackStore.open(FsBackend.open(folder.path));
  const objects = stack.use(await store.writer());
  return { objects, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
