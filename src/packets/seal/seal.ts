/** `custody seal`: names every byte of a packet folder in HASH_MANIFEST.txt, and that file in packet_tree.sha256. */
import { resolve } from 'node:path';
import { CustodyError } from '../../errors.ts';
import { compareFindings } from '../../finding.ts';
import type { Finding } from '../../finding.ts';
import { digestOf } from '../../objects/digest.ts';
import type { Digest } from '../../objects/digest.ts';
import { compareWithManifest, contentOf, filesWithDigests, readControl } from './check.ts';
import { MANIFEST_LIMIT, formatManifest, formatSeal } from './manifest.ts';
import { SEAL_NAME } from './names.ts';
import { hashEntries } from './read.ts';
import { isTemporary, nodeSealIo, replaceSeal, sweepSealers } from './replace.ts';
import type { SealIo } from './replace.ts';
import { stopIfAborted, walkFolder } from './walk.ts';

export interface SealOptions {
  readonly signal?: AbortSignal | undefined;
  /** Seal anew a folder whose seal no longer fits its content. Without it that is refused: sealing must not hide a change. */
  readonly force?: boolean | undefined;
}

export interface Sealed {
  /** Lines of the manifest. */
  readonly files: number;
  readonly seal: Digest;
}

/**
 * Seals a folder. The seal is a function of paths and contents alone: no clock, mode or owner. A folder that is already
 * sealed and unchanged is left untouched and gives the same seal, on read-only media too.
 *
 * @throws CustodyError NAME_REFUSED (names only) or PACKET_BROKEN (anything else, or an old seal that no longer fits and
 * no `force`), both with all `findings`; USAGE (nothing to seal); PATH_NOT_FOUND, PATH_NOT_A_FOLDER; DISK_FULL,
 * READ_ONLY, PERMISSION_DENIED, IO_FAILED, LOCK_TIMEOUT (another sealer is at work), INTERRUPTED: the old seal remains, or none.
 */
export async function sealFolder(
  dir: string,
  options: SealOptions = {},
  io: SealIo = nodeSealIo,
): Promise<Sealed> {
  const walk = await walkFolder(dir, options);
  const temporaries = walk.entries.filter(isTemporary);
  const content = contentOf(walk).filter((entry) => !isTemporary(entry));
  const hashed = await hashEntries(content, options);
  refuseFaults(dir, [...walk.findings, ...hashed.findings]);
  if (content.length === 0) {
    throw new CustodyError('USAGE', `${dir} holds no file to seal`, {
      path: dir,
      hint: 'Put the evidence in the folder first; an empty packet proves nothing.',
    });
  }

  const manifest = formatManifest(filesWithDigests(content, hashed.digests));
  if (manifest.length > MANIFEST_LIMIT) {
    throw new CustodyError('USAGE', `${dir} holds too many files for one packet`, {
      path: dir,
      hint: 'Split the packet.',
    });
  }
  const seal = digestOf(manifest);
  const old = await readControl(walk, options);
  const stays = old.seal === seal && old.manifest === seal;
  if (!stays && options.force !== true && walk.entries.some(({ path }) => path === SEAL_NAME)) {
    refuseOldSeal(dir, [...old.findings, ...compareWithManifest(walk, content, hashed.digests, old)]);
  }

  stopIfAborted(options.signal);
  const folder = resolve(dir);
  await sweepSealers(folder, temporaries, io);
  if (!stays) await replaceSeal(folder, manifest, formatSeal(seal), io);
  return { files: content.length, seal };
}

function refuseFaults(dir: string, findings: Finding[]): void {
  if (findings.length === 0) return;
  const namesOnly = findings.every(({ code }) => code.startsWith('NAME_'));
  throw new CustodyError(
    namesOnly ? 'NAME_REFUSED' : 'PACKET_BROKEN',
    `${dir} cannot be sealed: ${count(findings)}`,
    {
      path: dir,
      hint: namesOnly ? 'Rename what is listed.' : 'Remove or replace what is listed, then seal again.',
      findings: findings.sort(compareFindings),
    },
  );
}

function refuseOldSeal(dir: string, findings: Finding[]): void {
  throw new CustodyError('PACKET_BROKEN', `${dir} no longer fits its seal: ${count(findings)}`, {
    path: dir,
    hint: 'See what changed; if that is intended, seal again with --force.',
    findings: findings.sort(compareFindings),
  });
}

function count(findings: readonly Finding[]): string {
  return findings.length === 1 ? '1 fault' : `${findings.length} faults`;
}
