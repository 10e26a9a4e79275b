import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as OpenFiles from '../../src/engines/sqlite/open-files.ts';
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
 * For `vi.mock`: the sandbox with the worker in one file, as it is published. It starts in a third of the time that the
 * sources take, and a drill starts hundreds. Nothing else about it differs.
 */
export async function sandbox(load: () => Promise<typeof Sandbox>): Promise<typeof Sandbox> {
  const real = await load();
  return {
    ...real,
    childCommand: (folder) => {
      const made = real.childCommand(folder, WORKER);
      if (namespaces) return made;
      const all = [made.command, ...made.args];
      const [command = '', ...args] = all.slice(all.lastIndexOf(process.execPath));
      return { command, args, root: undefined };
    },
  };
}

/** Processes that were there before this file's tests, and hide what they have open (pid 1 of some containers). */
let hidden: number[] | undefined;

/**
 * For `vi.mock`: the look for others, but for processes that hide what they have open. Where there is one, nobody can say
 * that a file is open nowhere else, and what is drilled here would be rejected for that alone.
 */
export async function openFiles(load: () => Promise<typeof OpenFiles>): Promise<typeof OpenFiles> {
  const real = await load();
  const hiding = (): number[] => {
    const pids = readdirSync('/proc')
      .filter((name) => /^[0-9]+$/.test(name))
      .map(Number);
    const nothing = { dev: 0n, ino: 0n };
    return pids.filter(
      (pid) =>
        !real.isOpenNowhereElse(
          nothing,
          pids.filter((other) => other !== pid),
        ),
    );
  };
  return {
    ...real,
    isOpenNowhereElse: (file, allowed) => {
      hidden ??= process.platform === 'linux' ? hiding() : [];
      return real.isOpenNowhereElse(file, [...(allowed ?? []), ...hidden]);
    },
  };
}
