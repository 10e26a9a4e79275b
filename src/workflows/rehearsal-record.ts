import { isDamage } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { rehearsalOf } from '../packets/find-packet.ts';

/**
 * The first of these records that holds a rehearsal, or this very one; undefined where none does. What is damaged is passed
 * over: it is for a hint, and verify and fsck say what is wrong with it.
 */
export async function rehearsalRecord(
  { get }: Ledger,
  records: AsyncIterable<RecordedEntry> | Iterable<RecordedEntry>,
  wanted?: Digest,
): Promise<number | undefined> {
  for await (const { index, entry } of records) {
    try {
      const held = await rehearsalOf(get, decodeKind('entry', await get(entry.digest), entry.digest));
      if (held && (wanted === undefined || held.rehearsal.digest === wanted)) return index;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
  return undefined;
}

export interface RecordedEntry {
  readonly index: number;
  readonly entry: Link;
}

/** Of a ledger, newest first. */
export async function* entriesOf(ledger: Ledger): AsyncGenerator<RecordedEntry, void> {
  for await (const { index, record } of ledger.records(await ledger.head()))
    yield { index, entry: record.entry };
}
