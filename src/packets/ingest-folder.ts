import { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import { ContentBuilder } from '../objects/file.ts';
import type { Link } from '../objects/link.ts';
import { putBlob, type ObjectSink } from '../objects/sink.ts';
import { putTree, type Placed } from './put-tree.ts';
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
  const placed: Placed[] = [];
  for (const entry of walk.entries) placed.push(await ingestEntry(entry, sink, options));
  return putTree(placed, sink);
}

async function ingestEntry(
  entry: FolderEntry,
  sink: ObjectSink,
  { expected, signal }: IngestOptions,
): Promise<Placed> {
  const { path } = entry;
  if (entry.mode === 'dir') return { path, mode: 'dir' };
  if (entry.mode === 'symlink') {
    const target = new Uint8Array(Buffer.from(entry.target ?? ''));
    return { path, mode: 'symlink', link: putBlob(sink, target) };
  }
  const content = new ContentBuilder(sink);
  for await (const piece of readEntry(entry, { signal })) content.add(piece);
  const { link, sha256 } = content.finish();
  const wanted = expected?.get(path);
  if (wanted !== undefined && wanted !== sha256) {
    throw new CustodyError('PACKET_BROKEN', `${path} changed while it was stored`, {
      path,
      findings: [{ code: 'FILE_CHANGED', path, detail: 'changed between its check and its storing' }],
      hint: 'Let nothing write to the packet, verify it, then try again.',
    });
  }
  return { path, mode: entry.mode, link };
}
