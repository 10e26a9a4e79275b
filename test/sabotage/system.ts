import type * as Sandbox from '../../src/engines/sqlite/process/sandbox.ts';

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
