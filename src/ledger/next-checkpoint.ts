import { checkFollows, openCheckpoint, signCheckpoint } from '../log/checkpoint.ts';
import { verifierKeyOf } from '../log/note-key.ts';
import { decodeKind, encodeObject, type Encoded } from '../objects/kinds.ts';
import type { Get } from '../objects/walk.ts';
import type { Head } from './log-state.ts';

/** Why a log was not signed: the user lacks its key, or the clock is behind the time that was signed last. */
export type Unsigned = 'KEY_ABSENT' | 'CLOCK_BEHIND';

/**
 * The checkpoint of a head, linking the one before it. It reads that one: nobody signs on top of what cannot be read, is not
 * signed by this key, or covers more than there is.
 * @param head whose `checkpoint` is still the one before.
 * @param now milliseconds since 1970.
 * @throws CustodyError LOG_CORRUPT, SIGNATURE_INVALID, CHECKPOINT_MALFORMED, OBJECT_MISSING, …
 */
export async function nextCheckpoint(
  head: Head,
  { origin, skey, get, now }: { origin: string; skey: string; get: Get; now: number },
): Promise<Encoded | Unsigned> {
  const { size, root, checkpoint: previous } = head;
  const next = { origin, size, root, time: Math.floor(now / 1000) };
  if (previous) {
    const { note } = decodeKind('checkpoint', await get(previous.digest), previous.digest);
    const last = openCheckpoint(note, verifierKeyOf(skey));
    if (next.time < last.time) return 'CLOCK_BEHIND';
    checkFollows(next, last);
  }
  return encodeObject({ kind: 'checkpoint', v: 1, note: signCheckpoint(next, skey), previous });
}
