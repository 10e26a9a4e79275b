import { CustodyError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { eitherStore, resultOfAsync } from '../objects/walk.ts';
import { restoreScript, type RestoreScript } from '../rehearsal/restore-script.ts';
import type { Operand } from './operand.ts';
import { provenRollback } from './proven-rollback.ts';

export interface RestoreResult extends RestoreScript {
  /** Of the script's bytes: what a plan pins. */
  readonly sha256: Digest;
  /** Number of the record whose leg S proves these bytes ({@link provenRollback}); null: nobody has proven them. */
  readonly validated: number | null;
}

/**
 * The script that brings B back to A (spec/REHEARSAL.md, "Restore scripts").
 * @throws CustodyError KIND_NOT_COMPARABLE unless both are snapshots of one engine, RESTORE_UNSUPPORTED.
 */
export async function makeRestoreScript(
  a: Operand,
  b: Operand,
  ledger: Ledger | undefined,
  options: { signal?: AbortSignal } = {},
): Promise<RestoreResult> {
  if (a.kind !== 'snapshot' || b.kind !== 'snapshot') {
    const packet = a.kind === 'tree' || b.kind === 'tree';
    throw new CustodyError(
      'KIND_NOT_COMPARABLE',
      `a restore script is made from two snapshots, not from ${a.kind} and ${b.kind}`,
      {
        hint: packet
          ? 'A record of a rehearsal stands for its packet, or you gave a folder. Give the ids that custody rehearse printed as before and after: A is before, B is after; custody cat @N:rehearsal.json has them as entry and in legs.'
          : 'Give two database files, or two ids of snapshots.',
      },
    );
  }
  const made = await resultOfAsync(restoreScript(a.link, b.link), eitherStore(a.get, b.get), options);
  const sha256 = digestOf(Buffer.from(made.script));
  return { ...made, sha256, validated: ledger ? await provenRollback(ledger, sha256, options) : null };
}
