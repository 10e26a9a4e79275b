import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { CustodyError, orAbsent } from '../errors.ts';
import { generateKey, isKeyName, parseSignerKey, verifierKeyOf } from '../log/note-key.ts';
import { digestOf } from '../objects/digest.ts';
import { readSmallText } from '../system/small-file.ts';
import { makeFile } from '../system/temporary-file.ts';
import { makeKeyFolder } from './log-key.ts';

export interface Signer {
  /** Secret. */
  readonly skey: string;
  readonly vkey: string;
  /** Whether the key was made just now: then its verifier key must be given to the auditors. */
  readonly made: boolean;
}

/**
 * The key with which a person signs reruns, found by its name; it is made at its first use. It lies beside the keys of
 * logs (`signers` next to `keys`), 0600, never in a ledger.
 * @param keys the folder of the keys of logs (log-key.ts).
 * @throws CustodyError USAGE for a name that no key can have; KEY_MALFORMED where the file holds another key;
 *   PERMISSION_DENIED, DISK_FULL, IO_FAILED.
 */
export async function signerKey(name: string, keys: string): Promise<Signer> {
  if (!isKeyName(name) || name.length > 200) {
    throw new CustodyError('USAGE', `${JSON.stringify(name)} cannot name a key`, {
      hint: 'Give a name without spaces and plus signs, such as alice.example.com/reruns.',
    });
  }
  // Any key name makes a file name so, also one with slashes.
  const path = join(dirname(keys), 'signers', `${digestOf(Buffer.from(name)).slice(0, 32)}.key`);
  const found = await readSigner(name, path);
  if (found !== undefined) return { ...found, made: false };
  const { skey } = generateKey(name, randomBytes(32));
  await makeKeyFolder(dirname(path));
  const made = await makeFile(path, `${skey}\n`);
  // Somebody else may have made it meanwhile: then theirs counts.
  return { ...(await readSigner(name, path))!, made };
}

async function readSigner(name: string, path: string): Promise<{ skey: string; vkey: string } | undefined> {
  const skey = (await readSmallText(path).catch(orAbsent(undefined)))?.trim();
  if (skey === undefined) return undefined;
  if (parseSignerKey(skey).name !== name) {
    throw new CustodyError('KEY_MALFORMED', `${path} does not hold the key of ${name}`, {
      path,
      hint: 'Move that file away.',
    });
  }
  return { skey, vkey: verifierKeyOf(skey) };
}
