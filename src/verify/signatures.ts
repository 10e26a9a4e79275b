import { isOfInput } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Head } from '../ledger/log-state.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { Frontier } from '../log/frontier.ts';
import { equalHashes, leafHash, type Hash } from '../log/tree-hash.ts';

export interface SignatureReport {
  /** Records that the signed checkpoint covers. */
  readonly covered: number;
  readonly findings: readonly Finding[];
}

/**
 * The last checkpoint: signed by the log's key, for this origin, and consistent with the records that are there.
 * @param key whose signature counts, and the origin that it must be for.
 */
export async function verifyCheckpoint(
  ledger: Ledger,
  head: Head,
  key: { origin: string; verifierKey: string },
): Promise<SignatureReport> {
  if (head.checkpoint === null) return { covered: 0, findings: [] };
  const invalid = (why: string): SignatureReport => ({
    covered: 0,
    findings: [finding('CHECKPOINT_INVALID', 'heads/main/checkpoint', why)],
  });
  try {
    const { origin, size, root } = openCheckpoint(head.checkpoint, key.verifierKey);
    if (origin !== key.origin) return invalid(`it is for ${origin}`);
    if (size > head.size) return invalid(`it covers ${size} records, but the log has ${head.size}`);
    const actual = await rootOfPrefix(ledger, head, size);
    if (!equalHashes(actual, root)) return invalid('the records that it covers have another root');
    return { covered: size, findings: [] };
  } catch (error) {
    if (!isOfInput(error)) throw error;
    return invalid(`${error.code}: ${error.message}`);
  }
}

/** The root over the first `size` records, read from the log. */
async function rootOfPrefix(ledger: Ledger, head: Head, size: number): Promise<Hash> {
  if (size === head.size) return head.root;
  const leaves: Hash[] = [];
  for await (const { bytes } of ledger.records(head, size - 1)) leaves.push(leafHash(bytes));
  const frontier = Frontier.empty();
  for (const leaf of leaves.reverse()) frontier.append(leaf);
  return frontier.root();
}
