import { isOfInput } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Head } from '../ledger/log-state.ts';
import { checkFollows, openCheckpoint, type SignedCheckpoint } from '../log/checkpoint.ts';
import { equalHashes, type Hash } from '../log/tree-hash.ts';
import { decodeKind } from '../objects/kinds.ts';

/** A checkpoint that the log's key signed. */
interface Opened {
  readonly path: string;
  readonly checkpoint: SignedCheckpoint;
}

/** The checkpoints of a log, newest first; what they say of the records is not compared yet. */
export interface Checkpoints {
  readonly opened: readonly Opened[];
  readonly findings: readonly Finding[];
}

export interface SignatureReport {
  /** Records that a signed checkpoint covers. */
  readonly covered: number;
  /** Those that are good, newest first. */
  readonly checkpoints: readonly SignedCheckpoint[];
  readonly findings: readonly Finding[];
}

/**
 * Every checkpoint from the head's back to the first: signed by the log's key for this origin, covering no more than there
 * is, and following the one that it links.
 * @param key whose signature counts, and the origin that it must be for.
 */
export async function readCheckpoints(
  ledger: Ledger,
  head: Head,
  key: { origin: string; verifierKey: string },
): Promise<Checkpoints> {
  const opened: Opened[] = [];
  const findings: Finding[] = [];
  const invalid = (path: string, why: string): void =>
    void findings.push(finding('CHECKPOINT_INVALID', path, why));
  for (let link = head.checkpoint; link;) {
    const { digest } = link;
    let path = `checkpoints/${digest}`;
    link = null;
    try {
      const { note, previous } = decodeKind('checkpoint', await ledger.get(digest), digest);
      link = previous;
      const checkpoint = openCheckpoint(note, key.verifierKey);
      const later = opened.at(-1);
      if (checkpoint.origin !== key.origin) invalid(path, `it is for ${checkpoint.origin}`);
      else if (checkpoint.size > head.size)
        invalid(path, `it covers ${checkpoint.size} records, but the log has ${head.size}`);
      else opened.push({ path, checkpoint });
      if (!later) continue;
      path = later.path;
      checkFollows(later.checkpoint, checkpoint);
    } catch (error) {
      if (!isOfInput(error)) throw error;
      invalid(path, `${error.code}: ${error.message}`);
    }
  }
  return { opened, findings };
}

/** Compares the checkpoints with the records. @param roots of the first so many records, as the chain was read. */
export function compareCheckpoints(
  { opened, findings }: Checkpoints,
  roots: ReadonlyMap<number, Hash>,
): SignatureReport {
  const good: SignedCheckpoint[] = [];
  const wrong: Finding[] = [];
  for (const { path, checkpoint } of opened) {
    const root = roots.get(checkpoint.size);
    if (root && equalHashes(root, checkpoint.root)) good.push(checkpoint);
    else {
      const why = root ? 'have another root' : 'cannot all be read';
      wrong.push(finding('CHECKPOINT_INVALID', path, `the records that it covers ${why}`));
    }
  }
  return { covered: good[0]?.size ?? 0, checkpoints: good, findings: [...findings, ...wrong] };
}
