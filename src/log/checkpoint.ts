/** Checkpoints (C2SP tlog-checkpoint): a signed note that says "this log, with this many leaves, has this root". */
import { CustodyError, isCustodyError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { isKeyName, parseSignerKey, parseVerifierKey } from './note-key.ts';
import { openNote, signNote } from './note.ts';
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
 * @param skey a signing key whose name is the origin.
 * @throws CustodyError ORIGIN_MALFORMED where it is not or is no origin; KEY_MALFORMED; CHECKPOINT_MALFORMED.
 */
export function signCheckpoint(checkpoint: Checkpoint, skey: string): string {
  const body = formatCheckpoint(checkpoint);
  const { name } = parseSignerKey(skey);
  if (name !== checkpoint.origin) {
    throw new CustodyError('ORIGIN_MALFORMED', `the key of ${name} does not sign for ${checkpoint.origin}`, {
      hint: 'Use the key that belongs to this log.',
    });
  }
  return signNote(body, skey);
}

/**
 * Verifies a signed checkpoint: the signature first, then the body, then that the origin is the key's name. Signatures of other
 * keys (witnesses, keys to come) are ignored.
 * @throws CustodyError SIGNATURE_INVALID; CHECKPOINT_MALFORMED, also where it is no note (the cause is then NOTE_MALFORMED) or
 * another log's; KEY_MALFORMED for `vkey`.
 */
export function openCheckpoint(note: string | Uint8Array, vkey: string): Checkpoint {
  const { name } = parseVerifierKey(vkey);
  const checkpoint = parseCheckpoint(openAsNote(note, vkey).text);
  if (checkpoint.origin !== name) throw malformed(`the key of ${name} signed for ${checkpoint.origin}`);
  return checkpoint;
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
