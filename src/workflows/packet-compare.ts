import { finding, type Finding } from '../finding.ts';
import { digestFromBytes, digestOf, type Digest } from '../objects/digest.ts';
import { readWhole } from '../objects/file.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { walkTree } from '../objects/tree.ts';
import { driveAsync, driveSync } from '../objects/walk.ts';
import { MANIFEST_NAME, SEAL_NAME } from '../verify/packet/names.ts';
import { packetFiles } from './packet-files.ts';

/** The files that a rehearsal's packet must hold: a function of its objects. @param verdicts one for each validator. */
export function wantedFiles(
  rehearsal: Link,
  verdicts: readonly Link[],
  objects: MemoryObjects,
): ReadonlyMap<string, string | Uint8Array> {
  const verdict = decodeKind('verdict', objects.get(verdicts[0]!.digest));
  const validator = decodeKind('validator', objects.get(verdict.validator.digest));
  const code = Buffer.concat([...driveSync(readWhole(validator.file), objects.get)]);
  return packetFiles(rehearsal, verdicts[0]!, new Uint8Array(code), objects);
}

/** A file that says something else than the packet's objects is a forgery. */
export async function compareFiles(
  packet: ObjectOf<'packet'>,
  wanted: ReadonlyMap<string, string | Uint8Array>,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const left = new Set(wanted.keys());
  for await (const { path, entry } of driveAsync(walkTree(packet.tree), get)) {
    if (entry.mode === 'dir' || path === MANIFEST_NAME || path === SEAL_NAME) continue;
    const content = wanted.get(path);
    left.delete(path);
    if (content === undefined)
      findings.push(finding('TREE_DIFFERS', path, 'not a file of a rehearsal packet'));
    else if (digestOf(Buffer.from(content)) !== digestFromBytes(entry.sha256))
      findings.push(finding('TREE_DIFFERS', path, 'it is not what the objects of this packet give'));
  }
  for (const path of left) findings.push(finding('TREE_DIFFERS', path, 'the packet lacks this file'));
  return findings;
}
