/**
 * Checkpoints (C2SP tlog-checkpoint): a signed note that says "this log, with this many leaves, has this root". The log signs
 * with a cosignature (C2SP tlog-cosignature), which also says when.
 */
import { CustodyError, isCustodyError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { COSIGNATURE, isKeyName, parseSignerKey, parseVerifierKey } from './note-key.ts';
import { cosignNote, openNote } from './note.ts';
import type { OpenedNote } from './note.ts';
import { emptyRoot, equalHashes, HASH_SIZE } from './tree-hash.ts';
import type { Hash } from './tree-hash.ts';

export interface Checkpoint {
  /** The log's name for ever, such as `example.com/custody/lane7`; it is also the name of its key. */
  readonly origin: string;
  /** Leaves, 0 to 2^53 - 1. */
  readonly size: number;
  readonly root: Hash;
}

export interface SignedCheckpoint extends Checkpoint {
  /** The word of the key's holder: seconds since 1970. */
  readonly time: number;
}

/**
 * The body, three lines each with a newline: origin, size in decimal, base64 of the root. Never an extension line.
 * @throws CustodyError ORIGIN_MALFORMED unless the origin is a key name; CHECKPOINT_MALFORMED for a size or root that cannot be.
 */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isKeyName(origin)) {
    throw new CustodyError('ORIGIN_MALFORMED', `not an origin: ${JSON.stringify(origin.slice(0, 80))}`, {
      hint: 'Give a URL without scheme, such as example.com/custody: no spaces, no plus, not empty.',
    });
  }
  checkTree(size, root);
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/** The inverse of {@link formatCheckpoint}: nothing else is taken. @throws CustodyError CHECKPOINT_MALFORMED. */
export function parseCheckpoint(body: string): Checkpoint {
  const lines = body.split('\n');
  const [origin = '', digits = '', base64 = '', end] = lines;
  if (lines.length !== 4 || end !== '') throw malformed('a checkpoint has three lines: origin, size, root');
  if (!isKeyName(origin))
    throw malformed('the origin is empty or has a space, a plus or a control character');
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(digits)) throw malformed('the size is not a decimal number');
  const root = decodeBase64(base64);
  if (root === undefined) throw malformed('the root is not base64');
  const size = Number(digits);
  checkTree(size, root);
  return { origin, size, root };
}

/**
 * A signed checkpoint, ready to store or send.
 * @param skey a signing key of type 0x04 whose name is the origin.
 * @throws CustodyError ORIGIN_MALFORMED where it is not or is no origin; KEY_MALFORMED; CHECKPOINT_MALFORMED.
 */
export function signCheckpoint(checkpoint: SignedCheckpoint, skey: string): string {
  const body = formatCheckpoint(checkpoint);
  const { name } = parseSignerKey(skey);
  if (name !== checkpoint.origin) {
    throw new CustodyError('ORIGIN_MALFORMED', `the key of ${name} does not sign for ${checkpoint.origin}`, {
      hint: 'Use the key that belongs to this log.',
    });
  }
  return cosignNote(body, skey, checkpoint.time);
}

/**
 * Verifies a signed checkpoint: the signature first, then the body, then that the origin is the key's name. Signatures of other
 * keys (witnesses, keys to come) are ignored.
 * @throws CustodyError SIGNATURE_INVALID; CHECKPOINT_MALFORMED, also where it is no note (the cause is then NOTE_MALFORMED),
 * another log's, or signed twice by the key; KEY_MALFORMED for `vkey`, also where it makes no cosignatures.
 */
export function openCheckpoint(note: string | Uint8Array, vkey: string): SignedCheckpoint {
  const { name, type } = parseVerifierKey(vkey);
  if (type !== COSIGNATURE) throw notOfALog(name);
  const { text, verified } = openAsNote(note, vkey);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== name) throw malformed(`the key of ${name} signed for ${checkpoint.origin}`);
  const [signature, second] = verified;
  if (signature?.time === undefined || second) throw malformed(`the key of ${name} signed it more than once`);
  return { ...checkpoint, time: signature.time };
}

/**
 * Whether a checkpoint may link another as the one before it: of the same log, not smaller, of equal size with the same
 * root, and not signed earlier, whichever keys signed. That the larger tree extends the smaller one, the records show.
 * @throws CustodyError LOG_CORRUPT
 */
export function checkFollows(later: SignedCheckpoint, earlier: SignedCheckpoint): void {
  const wrong = (what: string): never => {
    throw new CustodyError('LOG_CORRUPT', `a checkpoint ${what} the one that it links`, {
      hint: 'Trust neither of them; ask who keeps the log for the checkpoints that it signed.',
    });
  };
  if (later.origin !== earlier.origin) wrong('is of another log than');
  if (later.size < earlier.size) wrong('covers fewer records than');
  if (later.size === earlier.size && !equalHashes(later.root, earlier.root)) wrong('has another root than');
  if (later.time < earlier.time) wrong('was signed before');
}

function notOfALog(name: string): CustodyError {
  return new CustodyError('KEY_MALFORMED', `the key of ${name} makes no cosignatures (type 0x04)`, {
    hint: "Give the log's verifier key, as custody init printed it.",
  });
}

function openAsNote(note: string | Uint8Array, vkey: string): OpenedNote {
  try {
    return openNote(note, [vkey]);
  } catch (error) {
    if (isCustodyError(error, 'NOTE_MALFORMED')) throw malformed(error.message, error);
    throw error;
  }
}

function checkTree(size: number, root: Hash): void {
  if (!Number.isSafeInteger(size) || size < 0) throw malformed('the size is not from 0 to 2^53 - 1');
  if (root.length !== HASH_SIZE) throw malformed(`the root has ${root.length} bytes`);
  if (size === 0 && !equalHashes(root, emptyRoot())) throw malformed('the empty tree has another root');
}

function malformed(message: string, cause?: unknown): CustodyError {
  return new CustodyError('CHECKPOINT_MALFORMED', message, {
    hint: 'Fetch the checkpoint again, byte for byte; if it stays so, do not trust it.',
    cause,
  });
}
