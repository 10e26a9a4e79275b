import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CustodyError, fromSystemError, orAbsent } from '../errors.ts';
import { COSIGNATURE, generateKey, verifierKeyOf } from '../log/note-key.ts';
import { digestOf } from '../objects/digest.ts';
import { readSmallText } from '../system/small-file.ts';
import { replaceFile } from '../system/temporary-file.ts';

/**
 * The log's private key lies outside the ledger, in the user's configuration folder, so that copying a ledger never
 * copies a key; a lane without it can append, and the head is then ahead of the last signed checkpoint.
 *
 * @param env `CUSTODY_CONFIG_DIR`, else `XDG_CONFIG_HOME`/custody, else `~/.config/custody`; the keys are in its `keys`.
 */
export function keyFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base =
    env['CUSTODY_CONFIG_DIR'] ||
    join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'custody');
  return join(base, 'keys');
}

function keyPath(verifierKey: string, folder: string): string {
  return join(folder, `${digestOf(Buffer.from(verifierKey)).slice(0, 32)}.key`);
}

/** A new key, which lies nowhere yet. */
export function newLogKey(origin: string): { skey: string; vkey: string } {
  return generateKey(origin, randomBytes(32), COSIGNATURE);
}

/** @throws DISK_FULL, PERMISSION_DENIED, … */
export async function storeLogKey(
  { skey, vkey }: { skey: string; vkey: string },
  folder: string,
): Promise<void> {
  await makeKeyFolder(folder);
  await replaceFile(keyPath(vkey, folder), `${skey}\n`);
}

/** A folder for private keys, its owner's alone. @throws DISK_FULL, PERMISSION_DENIED, … */
export async function makeKeyFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fromSystemError(error, folder);
  }
}

export async function removeLogKey(verifierKey: string, folder: string): Promise<void> {
  await rm(keyPath(verifierKey, folder), { force: true });
}

/**
 * The private key that belongs to a verifier key, or undefined where this user does not have it.
 * @throws CustodyError KEY_MALFORMED where the file holds another key; PERMISSION_DENIED, IO_FAILED.
 */
export async function findLogKey(verifierKey: string, folder: string): Promise<string | undefined> {
  const path = keyPath(verifierKey, folder);
  const skey = (await readSmallText(path).catch(orAbsent(undefined)))?.trim();
  if (skey === undefined) return undefined;
  if (verifierKeyOf(skey) !== verifierKey) {
    throw new CustodyError('KEY_MALFORMED', `${path} does not hold the key of this ledger`, {
      path,
      hint: 'Move that file away.',
    });
  }
  return skey;
}
