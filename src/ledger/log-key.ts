import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CustodyError, fromSystemError } from '../errors.ts';
import { generateKey, verifierKeyOf } from '../log/note-key.ts';
import { digestOf } from '../objects/digest.ts';
import { writeDurably } from './config.ts';

/**
 * The log's private key lies outside the ledger, in the user's configuration folder, so that copying a ledger never
 * copies a key; a lane without it can append, and the head is then ahead of the last signed checkpoint.
 */
export function keyFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base =
    env['CUSTODY_CONFIG_DIR'] ?? join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'custody');
  return join(base, 'keys');
}

function keyPath(verifierKey: string, env: NodeJS.ProcessEnv): string {
  return join(keyFolder(env), `${digestOf(Buffer.from(verifierKey)).slice(0, 32)}.key`);
}

/** Makes and stores a new key (0600). @returns its verifier key. @throws DISK_FULL, PERMISSION_DENIED, … */
export async function createLogKey(origin: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { skey, vkey } = generateKey(origin, randomBytes(32));
  const folder = keyFolder(env);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fromSystemError(error, folder);
  }
  await writeDurably(keyPath(vkey, env), `${skey}\n`, 0o600);
  return vkey;
}

export async function removeLogKey(verifierKey: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await rm(keyPath(verifierKey, env), { force: true });
}

/** The private key that belongs to a verifier key, or undefined where this user does not have it. */
export async function findLogKey(
  verifierKey: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const path = keyPath(verifierKey, env);
  let skey: string;
  try {
    skey = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw fromSystemError(error, path);
  }
  if (verifierKeyOf(skey) !== verifierKey) {
    throw new CustodyError('KEY_MALFORMED', `${path} does not hold the key of this ledger`, {
      path,
      hint: 'Move that file away.',
    });
  }
  return skey;
}
