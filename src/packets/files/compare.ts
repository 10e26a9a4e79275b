import { finding, type Finding } from '../../finding.ts';
import type { Digest } from '../../objects/digest.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import { walkTree } from '../../objects/tree.ts';
import { driveAsync } from '../../objects/walk.ts';
import { MANIFEST_NAME, SEAL_NAME } from '../seal/names.ts';
import { storedContent, type PacketFiles } from './content.ts';

/**
 * The packet's files are a function of its objects: a file that says something else is a forgery. Equal content has equal
 * links.
 * @param wanted what the objects give.
 */
export async function comparePacketFiles(
  packet: ObjectOf<'packet'>,
  wanted: PacketFiles,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const left = new Set(wanted.keys());
  for await (const { path, entry } of driveAsync(walkTree(packet.tree), get)) {
    if (entry.mode === 'dir' || path === MANIFEST_NAME || path === SEAL_NAME) continue;
    const content = wanted.get(path);
    left.delete(path);
    if (content === undefined) {
      findings.push(finding('TREE_DIFFERS', path, 'not a file of a rehearsal packet'));
      continue;
    }
    const same = entry.mode !== 'symlink' && storedContent(content, NOWHERE).equals(entry.link);
    if (!same) findings.push(finding('TREE_DIFFERS', path, 'it is not what the objects of this packet give'));
  }
  for (const path of left) findings.push(finding('TREE_DIFFERS', path, 'the packet lacks this file'));
  return findings;
}

const NOWHERE = { put: () => undefined };
