import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { captureDatabase } from '../../../src/engines/sqlite/capture/capture.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { resultOf } from '../../../src/objects/walk.ts';
import { restoreScript, type RestoreScript } from '../../../src/rehearsal/restore-script.ts';

/** Runs scripts on a file, each on a connection of its own. */
export function exec(path: string, scripts: readonly string[], { foreignKeys = false } = {}): void {
  for (const script of scripts) {
    using db = new DatabaseSync(path, { enableForeignKeyConstraints: foreignKeys, defensive: false });
    db.exec(script);
  }
}

export async function snapshot(path: string, objects: MemoryObjects): Promise<Link> {
  return (await captureDatabase(path, objects)).snapshot;
}

interface Way {
  readonly made: RestoreScript;
  /** Ids of A, of B, and of B after the script ran on a copy of it. */
  readonly a: string;
  readonly b: string;
  readonly restored: string;
}

/**
 * Makes the script from the two files and runs it on a copy of B, with foreign keys checked as a rehearsal does.
 * @param options.deferred as with `session: { defer_foreign_keys: ON }` in a plan.
 */
export async function wayBack(
  a: string,
  b: string,
  { foreignKeys = true, deferred = false } = {},
): Promise<Way> {
  const objects = new MemoryObjects();
  const [before, after] = [await snapshot(a, objects), await snapshot(b, objects)];
  const made = resultOf(restoreScript(before, after), objects.get);
  const copy = `${b}.restored`;
  copyFileSync(b, copy);
  try {
    const script = deferred
      ? made.script.replace('BEGIN;', 'BEGIN; PRAGMA defer_foreign_keys = ON;')
      : made.script;
    exec(copy, [script], { foreignKeys });
  } catch (cause) {
    throw new ScriptFailed(made.script, { cause });
  }
  const restored = (await snapshot(copy, objects)).digest;
  return { made, a: before.digest, b: after.digest, restored };
}

/** A constraint refused a statement of the script, which is the message. */
export class ScriptFailed extends Error {}

/** A: what `make` makes; B: what `change` makes of it; then the way back, which must end in A exactly. */
export type BackFrom = (
  make: string,
  change: string,
  options?: { foreignKeys?: boolean; deferred?: boolean },
) => Promise<Way>;

/** @param file gives the path of a new file. */
export function backFromIn(file: (name: string) => string): BackFrom {
  let files = 0;
  return async (make, change, options) => {
    const a = file(`a${files}.sqlite`);
    const b = file(`b${files++}.sqlite`);
    exec(a, [make]);
    copyFileSync(a, b);
    exec(b, [change]);
    const way = await wayBack(a, b, options);
    expect(way.b).not.toBe(way.a);
    expect(way.restored, way.made.script).toBe(way.a);
    return way;
  };
}

/** The statements between BEGIN and COMMIT. */
export function body({ made }: Way): string[] {
  return made.script
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .slice(1, -2);
}
