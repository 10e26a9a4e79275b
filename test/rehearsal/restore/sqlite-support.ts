import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { captureDatabase } from '../../../src/engines/sqlite/capture.ts';
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

export interface Way {
  readonly made: RestoreScript;
  /** Ids of A, of B, and of B after the script ran on a copy of it. */
  readonly a: string;
  readonly b: string;
  readonly restored: string;
}

/** Makes the script from the two files and runs it on a copy of B, with foreign keys checked as a rehearsal does. */
export async function wayBack(a: string, b: string, { foreignKeys = true } = {}): Promise<Way> {
  const objects = new MemoryObjects();
  const [before, after] = [await snapshot(a, objects), await snapshot(b, objects)];
  const made = resultOf(restoreScript(before, after), objects.get);
  const copy = `${b}.restored`;
  copyFileSync(b, copy);
  try {
    exec(copy, [made.script], { foreignKeys });
  } catch (cause) {
    throw new ScriptFailed(made.script, { cause });
  }
  const restored = (await snapshot(copy, objects)).digest;
  return { made, a: before.digest, b: after.digest, restored };
}

/** A constraint refused a statement of the script, which is the message. */
export class ScriptFailed extends Error {}
