import { CustodyError } from '../errors.ts';
import { digestToBytes, type Digest } from '../objects/digest.ts';
import { ContentBuilder } from '../objects/file.ts';
import type { Link } from '../objects/link.ts';
import { putBlob, type ObjectSink } from '../objects/sink.ts';
import { TreeBuilder, compareNames, type TreeEntry } from '../objects/tree.ts';
import { parentOf } from './seal/names.ts';
import { readEntry } from './seal/read.ts';
import { walkFolder, type FolderEntry } from './seal/walk.ts';

export interface IngestOptions {
  /** What each file's content must hash to, by path: a file that changed since it was checked is refused. */
  readonly expected?: ReadonlyMap<string, Digest>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores a folder as a tree of objects, streaming, and returns its root. The same folder gives the same tree: names,
 * contents, exec bits, symlinks and empty folders count; owners and times do not.
 * @throws CustodyError PACKET_BROKEN with all findings (a name or kind that is refused, a file that changes meanwhile).
 */
export async function ingestFolder(
  dir: string,
  sink: ObjectSink,
  options: IngestOptions = {},
): Promise<Link> {
  const walk = await walkFolder(dir, { signal: options.signal });
  if (walk.findings.length > 0) {
    throw new CustodyError(
      'PACKET_BROKEN',
      `${dir} holds ${walk.findings.length} things that cannot be stored`,
      {
        path: dir,
        findings: walk.findings,
        hint: 'Remove or rename them.',
      },
    );
  }
  const folders = new Map<string, TreeEntry[]>([['', []]]);
  // Deepest last in bytewise order of paths, so a folder is complete when everything below it was visited.
  const pending = [...walk.entries];
  for (const entry of pending) {
    if (entry.mode === 'dir') folders.set(entry.path, []);
    else listOf(folders, entry.path).push(await ingestEntry(entry, sink, options));
  }
  const paths = [...folders.keys()].filter((path) => path !== '').sort((a, b) => depth(b) - depth(a));
  for (const path of paths) {
    listOf(folders, path).push({
      name: baseName(path),
      mode: 'dir',
      link: buildTree(folders.get(path) ?? [], sink),
    });
  }
  return buildTree(folders.get('') ?? [], sink);
}

async function ingestEntry(
  entry: FolderEntry,
  sink: ObjectSink,
  { expected, signal }: IngestOptions,
): Promise<TreeEntry> {
  const name = baseName(entry.path);
  if (entry.mode === 'symlink') {
    const target = new Uint8Array(Buffer.from(entry.target ?? ''));
    const link = putBlob(sink, target);
    return { name, mode: 'symlink', size: target.length, sha256: digestToBytes(link.digest), link };
  }
  const content = new ContentBuilder(sink);
  for await (const piece of readEntry(entry, { signal })) content.add(piece);
  const { link, size, sha256 } = content.finish();
  const wanted = expected?.get(entry.path);
  if (wanted !== undefined && wanted !== sha256) {
    throw new CustodyError('PACKET_BROKEN', `${entry.path} changed while it was stored`, {
      path: entry.path,
      findings: [
        { code: 'FILE_CHANGED', path: entry.path, detail: 'changed between its check and its storing' },
      ],
      hint: 'Let nothing write to the packet, verify it, then try again.',
    });
  }
  return { name, mode: entry.mode === 'exec' ? 'exec' : 'file', size, sha256: digestToBytes(sha256), link };
}

function buildTree(entries: TreeEntry[], sink: ObjectSink): Link {
  const tree = new TreeBuilder(sink);
  for (const entry of entries.sort((a, b) => compareNames(a.name, b.name))) tree.add(entry);
  return tree.finish();
}

function listOf(folders: Map<string, TreeEntry[]>, path: string): TreeEntry[] {
  const parent = path.includes('/') ? parentOf(path) : '';
  const list = folders.get(parent) ?? [];
  folders.set(parent, list);
  return list;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function depth(path: string): number {
  return path.split('/').length;
}
