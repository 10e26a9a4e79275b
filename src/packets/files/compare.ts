import { finding, type Finding } from '../../finding.ts';
import type { Digest } from '../../objects/digest.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import { walkTree } from '../../objects/tree.ts';
import { driveAsync } from '../../objects/walk.ts';
import { MANIFEST_NAME, SEAL_NAME } from '../seal/names.ts';
import { storedContent, type PacketFiles } from './content.ts';
import { storedTemplates, TEMPLATES, templatePath, type Templates } from './templates.ts';

/**
 * The packet's files are a function of its objects: a file that says something else is a forgery. Equal content has equal
 * links. Words are their author's: README.md and the scripts are what the packet's own templates make of the objects, and
 * are not compared where this version does not know a template.
 * @param make gives the files with these templates.
 */
export async function comparePacketFiles(
  packet: ObjectOf<'packet'>,
  make: (templates: Templates) => PacketFiles,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const templates = await storedTemplates(packet, get);
  const wanted = make(templates);
  const unknown = [...TEMPLATES.keys()].filter((name) => !templates.has(name));
  const unread = new Set(unknown.flatMap((name) => [name, templatePath(name)]));
  const left = new Set([...wanted.keys(), ...unread]);
  for await (const { path, entry } of driveAsync(walkTree(packet.tree), get)) {
    if (entry.mode === 'dir') {
      if (![...wanted.keys()].some((name) => name.startsWith(`${path}/`)))
        findings.push(finding('TREE_DIFFERS', path, 'not a folder of a rehearsal packet'));
      continue;
    }
    if (entry.mode !== 'file')
      findings.push(finding('TREE_DIFFERS', path, `it is no plain file: ${entry.mode}`));
    if (path === MANIFEST_NAME || path === SEAL_NAME) continue;
    const content = wanted.get(path);
    left.delete(path);
    if (unread.has(path)) continue;
    if (content === undefined) {
      findings.push(finding('TREE_DIFFERS', path, 'not a file of a rehearsal packet'));
      continue;
    }
    if (!storedContent(content, NOWHERE).equals(entry.link))
      findings.push(finding('TREE_DIFFERS', path, 'it is not what the objects of this packet give'));
  }
  for (const name of unknown)
    if (!left.has(templatePath(name)))
      findings.push(finding('TEMPLATE_UNKNOWN', templatePath(name), UNKNOWN));
  for (const path of left) findings.push(finding('TREE_DIFFERS', path, 'the packet lacks this file'));
  return findings;
}

const UNKNOWN =
  'this version of custody has not shipped it for that text, which was therefore not checked; a later version may know it; --any-template does without';
const NOWHERE = { put: () => undefined };
