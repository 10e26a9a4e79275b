import { isOfInput } from '../errors.ts';
import { finding, type Finding, type FindingCode } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { lastCheckpoint, type Head } from '../ledger/log-state.ts';
import { checkFollows, openCheckpoint, type SignedCheckpoint } from '../log/checkpoint.ts';
import { equalHashes, type Hash } from '../log/tree-hash.ts';
import { decodeKind } from '../objects/kinds.ts';
import { unknownOr } from '../objects/object-fault.ts';

const INVALID = 'CHECKPOINT_INVALID';

/** A checkpoint that the log's key signed. */
interface Opened {
  readonly path: string;
  readonly checkpoint: SignedCheckpoint;
}

/** What is wrong with one. */
interface Fault {
  readonly path: string;
  readonly why: string;
  /** {@link INVALID} where it does not say. */
  readonly code?: FindingCode;
}

/** The checkpoints of a log, newest first; what they say of the records is not compared yet. */
export interface Checkpoints {
  readonly opened: readonly Opened[];
  readonly faults: readonly Fault[];
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
  const faults: Fault[] = [];
  const last = lastCheckpoint(head);
  for (let link = last?.link ?? null; link;) {
    const { digest } = link;
    let path = `checkpoints/${digest}`;
    link = null;
    try {
      const bytes = digest === last?.link.digest ? last.bytes : await ledger.get(digest);
      const { note, previous } = decodeKind('checkpoint', bytes, digest);
      link = previous;
      const checkpoint = openCheckpoint(note, key.verifierKey);
      const later = opened.at(-1);
      if (checkpoint.origin !== key.origin) faults.push({ path, why: `it is for ${checkpoint.origin}` });
      else if (checkpoint.size > head.size)
        faults.push({ path, why: 'it covers more records than there are' });
      else opened.push({ path, checkpoint });
      if (!later) continue;
      path = later.path;
      checkFollows(later.checkpoint, checkpoint);
    } catch (error) {
      if (!isOfInput(error)) throw error;
      const code = unknownOr(error, INVALID);
      faults.push({ path, code, why: `${error.code}: ${error.message}` });
    }
  }
  return { opened, faults };
}

/**
 * Compares the checkpoints with the records. Where those cannot be read the chain's findings say so: a checkpoint over them
 * covers nothing, and is no fault of its own.
 * @param roots of the first so many records, as the chain was read.
 */
export function compareCheckpoints(
  { opened, faults }: Checkpoints,
  roots: ReadonlyMap<number, Hash>,
): SignatureReport {
  const good: SignedCheckpoint[] = [];
  const wrong: Fault[] = [...faults];
  for (const { path, checkpoint } of opened) {
    const root = roots.get(checkpoint.size);
    if (!root) continue;
    if (equalHashes(root, checkpoint.root)) good.push(checkpoint);
    else wrong.push({ path, why: 'the records that it covers have another root' });
  }
  return { covered: good[0]?.size ?? 0, checkpoints: good, findings: findingsOf(wrong) };
}

/** What is wrong with many is said once, of the oldest: a log that was written anew has as many as appends. */
function findingsOf(faults: readonly Fault[]): Finding[] {
  const paths = Map.groupBy(faults, ({ why }) => why);
  return [...paths].map(([why, those]) => {
    const more = those.length > 1 ? ` (and ${those.length - 1} later ones)` : '';
    const { path, code = INVALID } = those.at(-1)!;
    return finding(code, path, `${why}${more}`);
  });
}
