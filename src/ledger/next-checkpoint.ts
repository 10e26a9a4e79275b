import { isDamage } from '../errors.ts';
import { checkFollows, openCheckpoint, signCheckpoint } from '../log/checkpoint.ts';
import { verifierKeyOf } from '../log/note-key.ts';
import { decodeKind, encodeObject, type Encoded } from '../objects/kinds.ts';
import { unknownOr } from '../objects/object-fault.ts';
import { lastCheckpoint, type Head } from './log-state.ts';

/**
 * Why a log was not signed: the user lacks its key, the clock is behind the time that was signed last, or the last checkpoint
 * is none that this key can follow, or of a version that nobody here knows. It keeps no record out: what somebody else signed does not say who may append.
 */
export type Unsigned = 'KEY_ABSENT' | 'CLOCK_BEHIND' | 'CHECKPOINT_INVALID' | 'OBJECT_VERSION_UNKNOWN';

/**
 * A head with its own checkpoint, which links the one before it; or as it was. Nobody signs on top of a checkpoint that
 * cannot be read, is not signed by this key, or covers more than there is.
 * @param now milliseconds since 1970.
 * @returns also the checkpoint that is linked now: it must be durable as an object before the head moves.
 */
export function signHead(
  head: Head,
  { origin, skey, now }: { origin: string; skey: string | undefined; now: number },
): { head: Head; linked: Encoded | null; unsigned: Unsigned | null } {
  const { size, root } = head;
  const next = { origin, size, root, time: Math.floor(now / 1000) };
  const without = (unsigned: Unsigned) => ({ head, linked: null, unsigned });
  if (skey === undefined) return without('KEY_ABSENT');
  const vkey = verifierKeyOf(skey);
  const linked = lastCheckpoint(head);
  try {
    if (linked) {
      const last = openCheckpoint(decodeKind('checkpoint', linked.bytes).note, vkey);
      if (next.time < last.time) return without('CLOCK_BEHIND');
      checkFollows(next, last);
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    return without(unknownOr(error, 'CHECKPOINT_INVALID'));
  }
  const note = signCheckpoint(next, skey);
  const previous = linked?.link ?? null;
  const { bytes } = encodeObject({ kind: 'checkpoint', v: 1, note, previous });
  return { head: { ...head, checkpoint: bytes }, linked, unsigned: null };
}
