import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll } from 'vitest';
import type { Boundary, Captured, Clone, EngineOptions, Workspace } from '../../../src/engines/engine.ts';
import { captureFile, sqliteEngine } from '../../../src/engines/sqlite/index.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { makeTestFolder } from '../../support/folder.ts';
import { boundary } from '../../support/boundary.ts';

/** A temporary folder of the test file's own, in which workspaces are made too. */
export function useTemp(): { readonly path: string; file: (name: string) => string } {
  const temp = { path: '', file: (name: string) => join(temp.path, name) };
  const was = process.env['TMPDIR'];
  beforeAll(() => {
    temp.path = makeTestFolder();
    process.env['TMPDIR'] = temp.path;
  });
  afterAll(() => {
    if (was === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = was;
    rmSync(temp.path, { recursive: true, force: true });
  });
  return temp;
}

/** Makes, or goes on with, a database file: each script on a connection of its own. */
export function make(path: string, ...sql: string[]): string {
  for (const script of sql) {
    using db = new DatabaseSync(path, { enableForeignKeyConstraints: false, defensive: false });
    db.exec(script);
  }
  return path;
}

export function prepare(file: string, options: Partial<EngineOptions> = {}): Promise<Workspace> {
  return sqliteEngine.prepare({ file }, { session: [], timeLimit: 30_000, ...options });
}

export function insertOnly(...tables: string[]): Boundary {
  return boundary({ insert: tables });
}

export { boundary };

export function capture(path: string): Promise<Captured> {
  return captureFile(path, new MemoryObjects());
}

export async function snapshotOf(clone: Clone): Promise<string> {
  return (await clone.capture(new MemoryObjects())).snapshot.digest;
}

/** Pids of this process's children (Linux). */
export function children(of = process.pid): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(parent) === of && state !== 'Z';
      } catch {
        return false;
      }
    })
    .map(Number);
}
