import { join } from 'node:path';
import type * as Sandbox from '../../src/engines/sqlite/sandbox.ts';

/** What test/global-setup.ts builds. */
const WORKER = join(import.meta.dirname, '../../dist/test/sqlite-worker.mjs');

/** Whether the system grants namespaces; a test may say that it does not. */
let namespaces = true;

/** Until it is disposed of, a process that runs SQL is a plain one: with our network, and our view of the files. */
export function withoutNamespaces(): Disposable {
  namespaces = false;
  return { [Symbol.dispose]: () => void (namespaces = true) };
}

/**
 * The sandbox with the worker in one file, as it is published: it starts in a third of the time that the sources take,
 * and a drill starts hundreds. Nothing else about it differs.
 */
export async function bundledWorker(load: () => Promise<typeof Sandbox>): Promise<typeof Sandbox> {
  const sandbox = await load();
  return {
    ...sandbox,
    childCommand: (folder) => {
      const made = sandbox.childCommand(folder, WORKER);
      if (namespaces) return made;
      const [command = '', ...args] = [made.command, ...made.args].slice(
        [made.command, ...made.args].lastIndexOf(process.execPath),
      );
      return { command, args, root: undefined };
    },
  };
}
