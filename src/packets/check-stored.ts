import { CustodyError } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { digestFromBytes, digestOf, type Digest } from '../objects/digest.ts';
import { contentDigest, readWhole } from '../objects/file.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { ObjectSource } from '../objects/sink.ts';
import { walkTree } from '../objects/tree.ts';
import { driveAsync, resultOfAsync } from '../objects/walk.ts';
import { formatManifest, formatSeal } from './seal/manifest.ts';
import { comparePaths, findCollisions, MANIFEST_NAME, nameFault, SEAL_NAME, showName } from './seal/names.ts';

/**
 * The seal of a packet in a ledger: its names are those that a packet may have, the manifest and the seal file are made anew from the stored tree and must be the
 * ones that are stored, and the packet object must name that seal. @throws what reading objects throws.
 */
export async function checkStoredPacket(
  source: ObjectSource,
  packet: ObjectOf<'packet'>,
  options: { signal?: AbortSignal } = {},
): Promise<{ seal: Digest; findings: Finding[] }> {
  const get = (id: Digest): Promise<Uint8Array> => source.get(id);
  const lines: { path: string; sha256: Digest }[] = [];
  const control = new Map<string, Uint8Array>();
  const links = new Map<string, string>();
  const content = new Map<string, Digest>();
  const findings: Finding[] = [];
  const paths: string[] = [];
  for await (const { path, entry } of driveAsync(walkTree(packet.tree), get, options)) {
    paths.push(path);
    const fault = nameFault(entry.name, path);
    if (fault) findings.push(finding(fault[0], showName(Buffer.from(path)), fault[1]));
    if (entry.mode === 'dir') continue;
    if (path === MANIFEST_NAME || path === SEAL_NAME) {
      if (entry.mode === 'symlink') findings.push(finding('SPECIAL_FILE', path, 'must be a regular file'));
      for await (const bytes of driveAsync(readWhole(entry.link), get, options)) control.set(path, bytes);
    } else if (entry.mode === 'symlink') {
      for await (const bytes of driveAsync(readWhole(entry.link, MAX_TARGET), get, options))
        links.set(path, Buffer.from(bytes).toString('utf8'));
    } else {
      const sha256 = await resultOfAsync(contentDigest(entry.link), get, options);
      lines.push({ path, sha256 });
      content.set(path, sha256);
    }
  }
  for (const { path, with: other } of findCollisions(paths))
    findings.push(
      finding('NAME_COLLISION', path, `the same name as ${JSON.stringify(other)} on other systems`),
    );
  for (const [path, target] of links) {
    const sha256 = content.get(resolveTarget(path, target, links));
    if (sha256 === undefined)
      findings.push(finding('SYMLINK_ESCAPES', path, 'it does not lead to a file of this packet'));
    else lines.push({ path, sha256 });
  }
  lines.sort((a, b) => comparePaths(a.path, b.path));
  const manifest = formatManifest(lines);
  const seal = digestOf(manifest);
  const compare = (
    name: string,
    wanted: Buffer,
    code: 'MANIFEST_CHANGED' | 'SEAL_MALFORMED',
    missing: 'MANIFEST_MISSING' | 'SEAL_MISSING',
  ): void => {
    const stored = control.get(name);
    if (!stored) findings.push(finding(missing, name, 'the stored packet does not hold it'));
    else if (Buffer.compare(stored, wanted) !== 0)
      findings.push(finding(code, name, 'it is not what the stored files give'));
  };
  compare(MANIFEST_NAME, manifest, 'MANIFEST_CHANGED', 'MANIFEST_MISSING');
  compare(SEAL_NAME, formatSeal(seal), 'SEAL_MALFORMED', 'SEAL_MISSING');
  if (digestFromBytes(packet.seal) !== seal)
    findings.push(finding('SEAL_UNEXPECTED', SEAL_NAME, 'the packet object names another seal'));
  return { seal, findings };
}

/** {@link checkStoredPacket} for whoever reads files out of it. @throws CustodyError PACKET_BROKEN with all findings. */
export async function requireAsSealed(...packet: Parameters<typeof checkStoredPacket>): Promise<void> {
  const { findings } = await checkStoredPacket(...packet);
  if (findings.length === 0) return;
  throw new CustodyError('PACKET_BROKEN', 'the stored packet is not what its seal covers', {
    findings,
    hint: 'Trust none of its files. custody verify REV says what else is wrong with the record; custody cat ID prints a single object.',
  });
}

/** Longest target of a symlink, bytes, and links that are followed in a row: those of Linux (PATH_MAX, ELOOP). */
const MAX_TARGET = 4096;
const MAX_LINKS = 40;

/** Where a symlink of the packet leads; empty where that is nowhere. */
function resolveTarget(path: string, target: string, links: ReadonlyMap<string, string>): string {
  let [from, to] = [path, target];
  for (let followed = 0; followed < MAX_LINKS; followed++) {
    const folder = from.includes('/') ? from.slice(0, from.lastIndexOf('/') + 1) : '';
    const next = normalise(folder + to);
    if (next === undefined || to.startsWith('/')) return '';
    const further = links.get(next);
    if (further === undefined) return next;
    [from, to] = [next, further];
  }
  return '';
}

/** Undefined where the path climbs above the packet, even if it comes back. */
function normalise(path: string): string | undefined {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') {
      if (names.pop() === undefined) return undefined;
    } else if (name !== '.' && name !== '') names.push(name);
  }
  return names.join('/');
}
