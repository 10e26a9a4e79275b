/** The seal level of `verify`: does a packet folder hold what its manifest and seal say, all of it and nothing else? */
import { compareFindings, finding } from '../../finding.ts';
import type { Finding } from '../../finding.ts';
import { digestOf } from '../../objects/digest.ts';
import type { Digest } from '../../objects/digest.ts';
import { isCustodyError } from '../../errors.ts';
import { MANIFEST_LIMIT, parseManifest, parseSeal } from './manifest.ts';
import { MANIFEST_NAME, SEAL_NAME, findCollisions, isControlPath, parentOf } from './names.ts';
import { hashEntries, readSmall } from './read.ts';
import { walkFolder } from './walk.ts';
import type { FolderEntry, FolderWalk } from './walk.ts';

export interface PacketFile {
  /** Relative, `/` between names. */
  readonly path: string;
  readonly mode: 'file' | 'exec' | 'symlink';
  /** Bytes of content; a symlink counts as the file it leads to. */
  readonly size: number;
  readonly sha256: Digest;
}

export interface PacketCheck {
  /** What is on disk, acceptable and readable, sorted by the bytes of the path; without the two files of the seal. */
  readonly files: readonly PacketFile[];
  /** The digest in packet_tree.sha256; undefined when that is missing or malformed. */
  readonly seal: Digest | undefined;
  /** The digest of HASH_MANIFEST.txt's bytes; undefined when it is missing, unreadable or too large. */
  readonly manifest: Digest | undefined;
  /** Every fault, sorted by compareFindings. Empty: sealed and unchanged, and `sha256sum -c` agrees. */
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  /** The seal that the packet must have; without it a packet is self-consistent at best (ARCHITECTURE.md, invariant 7). */
  readonly expect?: Digest | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks a packet folder offline: names, kinds, manifest, seal and every byte. Collects all faults and changes nothing.
 * Opens only what its own walk found, never a path because the manifest names it; empty folders are no evidence.
 *
 * @throws CustodyError PATH_NOT_FOUND, PATH_NOT_A_FOLDER, PERMISSION_DENIED (the folder itself), IO_FAILED, INTERRUPTED.
 */
export async function checkFolder(dir: string, options: CheckOptions = {}): Promise<PacketCheck> {
  const walk = await walkFolder(dir, options);
  const content = contentOf(walk);
  const hashed = await hashEntries(content, options);
  const control = await readControl(walk, options);
  const findings = [
    ...walk.findings,
    ...hashed.findings,
    ...control.findings,
    ...compareWithManifest(walk, content, hashed.digests, control),
    ...compareWithExpected(control, options.expect),
  ];
  return {
    files: filesWithDigests(content, hashed.digests),
    seal: control.seal,
    manifest: control.manifest,
    findings: findings.sort(compareFindings),
  };
}

/** What a manifest must list: every file and symlink but the two files of the seal. */
export function contentOf(walk: FolderWalk): FolderEntry[] {
  return walk.entries.filter((entry) => entry.mode !== 'dir' && !isControlPath(entry.path));
}

export function filesWithDigests(
  content: readonly FolderEntry[],
  digests: ReadonlyMap<string, Digest>,
): PacketFile[] {
  const files: PacketFile[] = [];
  for (const { path, mode, size } of content) {
    const sha256 = digests.get(path);
    if (mode !== 'dir' && sha256 !== undefined) files.push({ path, mode, size, sha256 });
  }
  return files;
}

/** The two files of the seal, as they are. */
export interface ControlFiles {
  readonly seal: Digest | undefined;
  readonly manifest: Digest | undefined;
  /** What the manifest promises; undefined when there is no readable one. */
  readonly listed: ReadonlyMap<string, Digest> | undefined;
  readonly findings: readonly Finding[];
}

export async function readControl(walk: FolderWalk, options: CheckOptions = {}): Promise<ControlFiles> {
  const findings: Finding[] = [];
  const sealBytes = await readOne(walk, SEAL_NAME, SEAL_LIMIT, options, findings);
  const seal = sealBytes === undefined ? undefined : parseSeal(sealBytes);
  if (sealBytes !== undefined && seal === undefined) {
    findings.push(finding('SEAL_MALFORMED', SEAL_NAME, `not one sha256sum line of ${MANIFEST_NAME}`));
  }
  const bytes = await readOne(walk, MANIFEST_NAME, MANIFEST_LIMIT, options, findings);
  if (bytes === undefined) return { seal, manifest: undefined, listed: undefined, findings };

  const manifest = digestOf(bytes);
  if (seal !== undefined && seal !== manifest) {
    findings.push(
      finding('MANIFEST_CHANGED', MANIFEST_NAME, `its hash is ${manifest}, the seal says ${seal}`),
    );
  }
  const parsed = parseManifest(bytes);
  findings.push(...parsed.findings, ...manifestCollisions(parsed.files.keys(), walk));
  return { seal, manifest, listed: parsed.files, findings };
}

/** Enough to see that a seal file is too long to be one. */
const SEAL_LIMIT = 4096;

async function readOne(
  walk: FolderWalk,
  name: string,
  limit: number,
  options: CheckOptions,
  findings: Finding[],
): Promise<Buffer | undefined> {
  const isManifest = name === MANIFEST_NAME;
  const entry = walk.entries.find(({ path }) => path === name);
  if (entry === undefined) {
    const code = isManifest ? 'MANIFEST_MISSING' : 'SEAL_MISSING';
    if (!walk.covered.has(name)) findings.push(finding(code, name, 'the packet is not sealed'));
    return undefined;
  }
  try {
    const bytes = await readSmall(entry, limit, options);
    const code = isManifest ? 'MANIFEST_LINE_MALFORMED' : 'SEAL_MALFORMED';
    if (bytes === undefined) findings.push(finding(code, name, `longer than ${limit} bytes`));
    return bytes;
  } catch (error) {
    if (!isCustodyError(error, 'PACKET_BROKEN')) throw error;
    findings.push(...error.findings);
    return undefined;
  }
}

/** Names that collide in the manifest alone: on a disk that ignores case both lines find the same file. */
function manifestCollisions(paths: Iterable<string>, walk: FolderWalk): Finding[] {
  const known = new Set(
    walk.findings.filter(({ code }) => code === 'NAME_COLLISION').map(({ path }) => path),
  );
  return findCollisions([...paths, MANIFEST_NAME, SEAL_NAME])
    .filter(({ path }) => !known.has(path))
    .map(({ path, with: other }) =>
      finding(
        'NAME_COLLISION',
        path,
        `listed, and the same name as ${JSON.stringify(other)} on other systems`,
      ),
    );
}

/** FILE_CHANGED, FILE_MISSING, FILE_UNLISTED. Says nothing twice: a path that has a finding of its own is passed over. */
export function compareWithManifest(
  walk: FolderWalk,
  content: readonly FolderEntry[],
  digests: ReadonlyMap<string, Digest>,
  control: ControlFiles,
): Finding[] {
  const { listed } = control;
  if (listed === undefined) return []; // MANIFEST_MISSING says it for every file
  const findings: Finding[] = [];
  const present = new Set<string>();
  for (const { path } of content) {
    present.add(path);
    const promised = listed.get(path);
    const actual = digests.get(path);
    if (promised === undefined) findings.push(finding('FILE_UNLISTED', path, 'not in the manifest'));
    else if (actual !== undefined && actual !== promised) {
      findings.push(finding('FILE_CHANGED', path, `its hash is ${actual}, the manifest says ${promised}`));
    }
  }
  for (const path of listed.keys()) {
    if (!present.has(path) && !isCovered(path, walk.covered)) {
      findings.push(finding('FILE_MISSING', path, 'in the manifest, not in the folder'));
    }
  }
  return findings;
}

function isCovered(path: string, covered: ReadonlySet<string>): boolean {
  for (let p = path; p !== ''; p = parentOf(p)) if (covered.has(p)) return true;
  return false;
}

/** Without a readable seal file the manifest's own hash is what would have been sealed. */
function compareWithExpected(control: ControlFiles, expect: Digest | undefined): Finding[] {
  const actual = control.seal ?? control.manifest;
  if (expect === undefined || actual === undefined || actual === expect) return [];
  return [finding('SEAL_UNEXPECTED', SEAL_NAME, `the seal is ${actual}, expected was ${expect}`)];
}
