import { CustodyError } from '../errors.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { resultOfAsync } from '../objects/walk.ts';
import { restoreScript, type RestoreScript } from '../rehearsal/restore-script.ts';
import type { Get, Operand } from './operand.ts';

export interface RestoreResult extends RestoreScript {
  /** Of the script's bytes: what a plan pins. */
  readonly sha256: Digest;
  /** Number of the record of an accepted rehearsal whose rollback script has these bytes; null: nobody has proven it. */
  readonly validated: number | null;
}

/**
 * The script that brings B back to A (SPEC.md, "Restore scripts").
 * @throws CustodyError KIND_NOT_COMPARABLE unless both are snapshots of one engine, RESTORE_UNSUPPORTED.
 */
export async function makeRestoreScript(
  a: Operand,
  b: Operand,
  options: { signal?: AbortSignal } = {},
): Promise<RestoreResult> {
  if (a.kind !== 'snapshot' || b.kind !== 'snapshot') {
    throw new CustodyError(
      'KIND_NOT_COMPARABLE',
      `a restore script is made from two snapshots, not from a ${a.kind} and a ${b.kind}`,
      {
        hint: 'Give two database files, or two ids of snapshots: custody show names those of a rehearsal (before, afters).',
      },
    );
  }
  // Each side may live in a store of its own: a database that was just captured, and a ledger.
  const get: Get = (id) => a.get(id).catch(() => b.get(id));
  const made = await resultOfAsync(restoreScript(a.link, b.link), get, options);
  const sha256 = digestOf(Buffer.from(made.script));
  return { ...made, sha256, validated: validatedBy(sha256, []) };
}

/** A rehearsal that was accepted with a rollback script. */
export interface ProvenRollback {
  readonly record: number;
  readonly rollback: Digest;
}

/**
 * The newest record that proves a script of these bytes; null where there is none. No rehearsal carries a rollback script
 * yet, so the one caller has an empty list to give.
 */
export function validatedBy(sha256: Digest, proven: readonly ProvenRollback[]): number | null {
  const records = proven.filter(({ rollback }) => rollback === sha256).map(({ record }) => record);
  return records.length === 0 ? null : Math.max(...records);
}
