import type * as Sandbox from '../../src/engines/sqlite/process/sandbox.ts';
import type * as OpenFiles from '../../src/engines/sqlite/open-files.ts';

/** Whether the system grants namespaces; a test may say that it does not. */
let namespaces = true;

/** Until it is disposed of, a process that runs SQL is a plain one: with our network, and our view of the files. */
export function withoutNamespaces(): Disposable {
  namespaces = false;
  return { [Symbol.dispose]: () => void (namespaces = true) };
}

/**
 * For `vi.mock`: the sandbox, on a system that may not grant namespaces.
 */
export async function sandbox(load: () => Promise<typeof Sandbox>): Promise<typeof Sandbox> {
  const real = await load();
  return {
    ...real,
    childCommand: (folder) => {
      const made = real.childCommand(folder);
      if (namespaces) return made;
      const all = [made.command, ...made.args];
      const [command = '', ...args] = all.slice(all.lastIndexOf(process.execPath));
      return { command, args, root: undefined };
    },
  };
}

let hidden: readonly string[] = [];
let real = true;

/** Until it is disposed of, exactly these processes hide their open files; the others are all seen, and have none open. */
export function hiding(...processes: readonly string[]): Disposable {
  hidden = processes.map((name) => `${name} hides its open files (EACCES)`);
  real = false;
  return { [Symbol.dispose]: () => void (real = true) };
}

/** For `vi.mock`: who has a file open, beside processes that a test names. */
export async function openFiles(load: () => Promise<typeof OpenFiles>): Promise<typeof OpenFiles> {
  const { lookForHolders } = await load();
  return {
    lookForHolders: async (...args) =>
      real ? lookForHolders(...args) : { ...(await lookForHolders(...args)), hidden },
  };
}
