/**
 * Folders that are there whole or not at all: filled under a temporary name, and moved to their place. Nothing is ever
 * replaced or removed there that was not made here, whoever makes a folder of that name at the same time.
 */
import {
  access,
  constants,
  link,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, orAbsent } from '../errors.ts';
import { isThere } from './is-there.ts';
import { sweepTemporaries, syncFolder, temporaryName } from './temporary-file.ts';

/**
 * Whether a folder can be made there: there is nothing, or an empty folder. What killed makers left is removed first.
 * @throws what the system says: ENOTDIR where there is a file, or one is above; EACCES, EROFS, ENAMETOOLONG, …
 */
export async function isFree(folder: string): Promise<boolean> {
  const there = await lstat(folder).catch(orAbsent(undefined));
  sweepTemporaries(there ? folder : dirname(folder));
  if (there) return (await readdir(folder)).length === 0;
  let above = dirname(folder);
  while (!isThere(above)) above = dirname(above);
  await access(above, constants.W_OK | constants.X_OK);
  return true;
}

/** Its place must be free ({@link isFree}); the folder above it is there. */
export class WholeFolder {
  /** Where it is filled. */
  readonly work: string;
  readonly #folder: string;
  /** An empty folder may be a mount point, which nothing can be renamed to. */
  readonly #filled: boolean;
  /** Paths below the place, each folder before what is in it. */
  readonly #placed: string[] = [];

  private constructor(folder: string, filled: boolean) {
    this.#folder = folder;
    this.#filled = filled;
    this.work = temporaryName(filled ? folder : dirname(folder), 'folder');
  }

  /** Begins one, for its owner alone. @throws what the system says. */
  static async begin(folder: string): Promise<WholeFolder> {
    const made = new WholeFolder(folder, isThere(folder));
    await mkdir(made.work, { mode: 0o700 });
    return made;
  }

  /**
   * Gives it its place: by one rename, or, where an empty folder was, name by name, folders after files.
   * @param last the name that shows that all others are there.
   * @returns false where somebody else has the place, or a name in it, by now. @throws what the system says.
   */
  async place(last?: string): Promise<boolean> {
    try {
      if (this.#filled) for (const name of await this.#inOrder(last)) await this.#put(name);
      else {
        const paths = await pathsIn(this.work);
        await rename(this.work, this.#folder);
        this.#placed.push('', ...paths);
      }
    } catch (error) {
      if (hasCode(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR')) return false;
      throw error;
    }
    await rm(this.work, { recursive: true, force: true });
    await syncFolder(this.#filled ? this.#folder : dirname(this.#folder));
    return true;
  }

  /** Takes away again what was made, and nothing else: the folder too, where it was not there and nobody put more into it. */
  async undo(): Promise<void> {
    await rm(this.work, { recursive: true, force: true });
    for (const path of this.#placed.toReversed())
      await remove(join(this.#folder, path)).catch((error: unknown) => {
        if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
      });
  }

  async #inOrder(last: string | undefined): Promise<string[]> {
    const rank = ({ name, isFolder }: { name: string; isFolder: boolean }): number =>
      name === last ? 2 : Number(isFolder);
    return (await readdir(this.work, { withFileTypes: true }))
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
      .map(({ name }) => name);
  }

  /** Each call here fails where the name is taken: a rename alone would replace another's file. */
  async #put(name: string): Promise<void> {
    const [from, to] = [join(this.work, name), join(this.#folder, name)];
    const stat = await lstat(from);
    const below = stat.isDirectory() ? await pathsIn(from) : [];
    if (stat.isDirectory()) await rename(from, to);
    else if (stat.isSymbolicLink()) await symlink(await readlink(from, { encoding: 'buffer' }), to);
    else await link(from, to);
    this.#placed.push(name, ...below.map((path) => join(name, path)));
  }
}

async function pathsIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

/** One file, or a folder in which there is nothing more. */
async function remove(path: string): Promise<void> {
  await ((await lstat(path)).isDirectory() ? rmdir(path) : rm(path));
}
