import { CustodyError } from '../errors.ts';
import { finding } from '../finding.ts';
import { hasControlCharacter } from '../objects/control-characters.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { contentDigest } from '../objects/file.ts';
import { judgedPlan } from '../rules/judged.ts';
import { decodeKind } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { ObjectSpool } from '../objects/sink.ts';
import { resultOf } from '../objects/walk.ts';
import { storedContent, type PacketContent, type PacketFiles } from './files/content.ts';
import { packetFiles } from './files/packet-files.ts';
import type { Templates } from './files/templates.ts';
import { verdictLinkName } from './find-packet.ts';
import { putTree, type Placed } from './put-tree.ts';
import { formatManifest, formatSeal, parseManifest } from './seal/manifest.ts';
import { findCollisions, MANIFEST_NAME, SEAL_NAME } from './seal/names.ts';
import { putPacket } from './store-packet.ts';

/** A sealed tree of files. */
export interface SealedTree {
  readonly tree: Link;
  readonly seal: Digest;
  /** What the manifest lists. */
  readonly files: ReadonlyMap<string, Digest>;
}

/**
 * The packet of a judged rehearsal, made from its objects and stored beside them: no folder, and no content is read again.
 * @param verdicts one of each validator, in the order of the rehearsal's.
 * @param templates of README.md and the scripts, if not those of this version.
 * @throws CustodyError what {@link packetFiles} and {@link sealFiles} throw.
 */
export async function makePacket(
  rehearsal: Link,
  verdicts: readonly Link[],
  objects: ObjectSpool,
  templates?: Templates,
): Promise<SealedTree & { readonly packet: Link }> {
  const sealed = sealFiles(packetFiles(rehearsal, verdicts, objects, templates), objects);
  const { plan } = decodeKind('rehearsal', objects.get(rehearsal.digest), rehearsal.digest);
  const { macro } = judgedPlan(decodeKind('plan', objects.get(plan.digest), plan.digest), objects.get);
  const links: [string, Link][] = [
    ['rehearsal', rehearsal],
    ...verdicts.map((link, i): [string, Link] => [verdictLinkName(i), link]),
  ];
  return { ...sealed, packet: putPacket(objects, { ...sealed, macro, links }) };
}

/**
 * Seals files in memory and stores them as a tree, as sealing and storing a folder of them would.
 * @throws CustodyError NAME_REFUSED with all findings, for what a reader of the packet would refuse.
 */
export function sealFiles(files: PacketFiles, objects: ObjectSpool): SealedTree {
  const placed: Placed[] = [];
  const listed = new Map<string, Digest>();
  const place = (path: string, content: PacketContent): Digest => {
    const link = storedContent(content, objects);
    placed.push({ path, mode: 'file', link });
    return resultOf(contentDigest(link), objects.get);
  };
  for (const [path, content] of files) listed.set(path, place(path, content));
  const manifest = formatManifest([...listed].map(([path, sha256]) => ({ path, sha256 })));
  requireReadable(manifest, [...files.keys()]);
  const seal = digestOf(manifest);
  place(MANIFEST_NAME, manifest);
  place(SEAL_NAME, formatSeal(seal));
  return { tree: putTree(placed, objects), seal, files: listed };
}

/** Nothing is sealed that our own reader would not take. */
function requireReadable(manifest: Uint8Array, paths: readonly string[]): void {
  const read = parseManifest(manifest);
  const findings = [
    ...read.findings,
    // A line feed in a name makes two lines of it, which may be sound each.
    ...paths
      .filter((path) => !read.files.has(path) && hasControlCharacter(path))
      .map((path) => finding('NAME_CONTROL_CHARACTER', path, 'it holds a control character')),
    ...findCollisions([...paths, MANIFEST_NAME, SEAL_NAME]).map(({ path, with: other }) =>
      finding('NAME_COLLISION', path, `the same name as ${JSON.stringify(other)} on other systems`),
    ),
  ];
  if (findings.length === 0) return;
  throw new CustodyError('NAME_REFUSED', 'the packet would hold names that no reader takes', {
    findings,
    hint: 'Rename what is listed.',
  });
}
