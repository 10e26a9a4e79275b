import { statSync } from 'node:fs';
import { isThere } from '../system/is-there.ts';
import { CustodyError, isCustodyError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scratchSpool } from '../ledger/scratch-spool.ts';
import { isBlob, parseRevision, resolveRevision, type Revision } from '../ledger/revision.ts';
import { readBytes } from '../objects/file.ts';
import { decodeObject } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import { findPath } from '../objects/tree.ts';
import { driveAsync, type Get } from '../objects/walk.ts';
import { readRegular } from '../system/regular-file.ts';
import { looksLikeDatabase, recogniseDatabase } from '../engines/load.ts';
import { ingestFolder } from '../packets/ingest-folder.ts';
import { findPacket, noPacket } from '../packets/find-packet.ts';

/** What a command's argument names, ready to be compared or shown. */
export type Operand =
  | { readonly kind: 'tree' | 'snapshot' | 'object'; readonly link: Link; readonly get: Get }
  | { readonly kind: 'file'; readonly bytes: Uint8Array };

/** A file to compare is read whole up to this size. Bytes. */
const MAX_FILE = 256 * 1024 * 1024;

/**
 * Resolves an argument of `diff`: a revision of the ledger (`HEAD`, `@3`, an id, `HEAD:path`), or, where there is such a
 * path and it is no revision, a folder, a database (captured), or a file.
 * @param scratch what was captured from disk is gone with it.
 * @throws CustodyError REVISION_*, PATH_NOT_FOUND, PATH_NOT_A_FILE, OBJECT_TOO_LARGE, and what capturing throws.
 */
export async function resolveOperand(
  text: string,
  ledger: Ledger | undefined,
  scratch: AsyncDisposableStack,
  options: { signal?: AbortSignal },
): Promise<Operand> {
  if (isThere(text)) return operandFromDisk(text, scratch, options);
  if (!ledger) {
    throw new CustodyError(
      'PATH_NOT_FOUND',
      `${text} does not exist, and there is no ledger to look it up in`,
      {
        path: text,
        hint: 'Check the path, or name a ledger with --ledger.',
      },
    );
  }
  const { get } = ledger;
  const { base, path } = parseRevision(text);
  const revision = await resolveRevision(ledger, base).catch((error: unknown) => {
    throw neitherNor(error);
  });
  if (path !== undefined) return { kind: 'file', bytes: await readPath(ledger, revision, path) };
  return operandFromRevision(ledger, revision, get);
}

/** Where a path was looked for first: the hint of a revision that is none says so. */
export function neitherNor(error: unknown): unknown {
  if (!isCustodyError(error, 'REVISION_MALFORMED') && !isCustodyError(error, 'REVISION_UNKNOWN'))
    return error;
  return new CustodyError(error.code, error.message, {
    cause: error,
    hint: `There is no such path either. Check the path, or the revision: ${error.hint}`,
  });
}

async function operandFromRevision(ledger: Ledger, revision: Revision, get: Get): Promise<Operand> {
  const packet = await findPacket(ledger, revision);
  if (packet) return { kind: 'tree', link: packet.packet.tree, get };
  if (revision.type === 'record') {
    const { entry, record } = revision;
    return entry.type === 'snapshot'
      ? { kind: 'snapshot', link: entry.snapshot, get }
      : { kind: 'object', link: record.record.entry, get };
  }
  if (await isBlob(ledger, revision.id)) return { kind: 'file', bytes: await get(revision.id) };
  const object = decodeObject(await get(revision.id));
  const link = nodeLink(revision.id);
  if (object.kind === 'file') return { kind: 'file', bytes: await readBytes(link, get) };
  return { kind: object.kind === 'tree' || object.kind === 'snapshot' ? object.kind : 'object', link, get };
}

async function operandFromDisk(
  path: string,
  scratch: AsyncDisposableStack,
  options: { signal?: AbortSignal },
): Promise<Operand> {
  const isFolder = statSync(path).isDirectory();
  if (isFolder || (await looksLikeDatabase(path))) {
    const { objects } = scratch.use(await scratchSpool());
    const get: Get = async (id) => objects.get(id);
    if (isFolder) return { kind: 'tree', link: await ingestFolder(path, objects, options), get };
    const capture = await recogniseDatabase(path);
    const { snapshot } = await capture(objects, options);
    return { kind: 'snapshot', link: snapshot, get };
  }
  const bytes = await readRegular(path, MAX_FILE);
  if (bytes) return { kind: 'file', bytes };
  throw new CustodyError('OBJECT_TOO_LARGE', `${path} is too large to compare`, {
    path,
    hint: 'Commit it and compare the trees.',
  });
}

/** {@link contentAt}, read whole. @throws also OBJECT_TOO_LARGE. */
export async function readPath(ledger: Ledger, revision: Revision, path: string): Promise<Uint8Array> {
  return readBytes(await contentAt(ledger, revision, path), ledger.get);
}

/** `REV:path`: a file of a packet. @throws PATH_NOT_FOUND, PATH_NOT_A_FILE. */
export async function contentAt(ledger: Ledger, revision: Revision, path: string): Promise<Link> {
  const packet = await findPacket(ledger, revision);
  const root = packet?.packet.tree ?? (revision.type === 'object' ? nodeLink(revision.id) : undefined);
  if (!root) throw noPacket(path);
  for await (const entry of driveAsync(findPath(root, path), ledger.get)) {
    if (entry.mode === 'dir')
      throw new CustodyError('PATH_NOT_A_FILE', `${path} is a folder`, {
        path,
        hint: 'Name a file in it; custody show lists them.',
      });
    return entry.link;
  }
  throw new CustodyError('PATH_NOT_FOUND', `the packet has no file ${path}`, {
    path,
    hint: 'custody show lists the files of a packet.',
  });
}
