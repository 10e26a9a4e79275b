import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll } from 'vitest';
import { packagedFolder } from '../../../src/engines/postgres/cluster/binaries.ts';
import type { Captured, Clone, EngineOptions, Session, Workspace } from '../../../src/engines/engine.ts';
import { postgresEngine } from '../../../src/engines/postgres/index.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { makeTestFolder } from '../../support/folder.ts';

/** Every installation that is here: the core tests run on each. */
export const INSTALLATIONS: readonly { readonly name: string; readonly folder: string }[] = [
  { name: 'system', folder: newestSystemFolder() },
  { name: 'package', folder: packagedFolder() ?? '' },
].filter(({ folder }) => folder !== '' && existsSync(join(folder, 'postgres')));

function newestSystemFolder(): string {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return '';
  const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return newest === undefined ? '' : join(root, newest, 'bin');
}

/** Makes the engine use this installation in the tests of the surrounding describe. */
export function usePostgres(folder: string): void {
  const before = process.env['PGBIN'];
  beforeAll(() => {
    process.env['PGBIN'] = folder;
  });
  afterAll(() => {
    if (before === undefined) delete process.env['PGBIN'];
    else process.env['PGBIN'] = before;
  });
}

/** A folder for the tests of a file, removed afterwards. */
export function filesFolder(): {
  readonly path: string;
  file(name: string, content: string | Uint8Array): string;
} {
  const path = makeTestFolder();
  return {
    path,
    file: (name, content) => {
      const file = join(path, name);
      writeFileSync(file, content);
      return file;
    },
  };
}

/** What pg_dump writes around its statements. */
export function dumpText(sql: string): string {
  return `--
-- PostgreSQL database dump
--

\\restrict Zm9v

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;

${sql}

--
-- PostgreSQL database dump complete
--

\\unrestrict Zm9v
`;
}

export function zipped(text: string): Uint8Array {
  return gzipSync(text);
}

export const OPTIONS: EngineOptions = { session: [], timeLimit: 20_000 };

export { boundary } from '../../support/boundary.ts';

export { utf8 } from '../../objects/support.ts';

/** A database from a dump, for the tests of a describe; filled in before the first. */
export class Bed {
  readonly files = filesFolder();
  readonly sink = new MemoryObjects();
  workspace!: Workspace;
  clone!: Clone;
  /** The state of every clone. */
  before!: Captured;

  /** Runs in a transaction that is rolled back. */
  async inside<T>(work: (session: Session) => Promise<T>, on = this.clone): Promise<T> {
    await using session = await on.open();
    await session.begin();
    try {
      return await work(session);
    } finally {
      if (await session.inTransaction()) await session.rollback();
    }
  }

  /** The tables whose rows are others than before. */
  changed({ tables }: Captured): string[] {
    const { tables: before } = this.before;
    const names = Object.keys({ ...before, ...tables });
    return names.filter((name) => before[name]?.root !== tables[name]?.root);
  }
}

/** @param folder of the installation. */
export function useBed(folder: string, dump: string | Uint8Array, options: Partial<EngineOptions> = {}): Bed {
  usePostgres(folder);
  const bed = new Bed();
  beforeAll(async () => {
    const file = bed.files.file('dump.sql', dump);
    bed.workspace = await postgresEngine.prepare({ file }, { ...OPTIONS, ...options });
    bed.clone = await bed.workspace.restore('T');
    bed.before = await bed.clone.capture(bed.sink);
  });
  afterAll(() => (bed.workspace as Workspace | undefined)?.[Symbol.asyncDispose]());
  return bed;
}

/** Makes clusters of the tests in this file live below `path`, where no other test's are. */
export function useTemporaryFolder(path: string): void {
  const before = process.env['TMPDIR'];
  beforeAll(() => {
    chmodSync(path, 0o755); // the server's account must get in
    process.env['TMPDIR'] = path;
  });
  afterAll(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
}

/** Folders of clusters below `path` that exist now. */
export function clusterFolders(path: string): string[] {
  return readdirSync(path).filter((name) => name.startsWith('custody-pg-'));
}
