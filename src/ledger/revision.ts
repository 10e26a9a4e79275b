import { CustodyError, isDamage } from '../errors.ts';
import { parseDigest, type Digest } from '../objects/digest.ts';
import { decodeKind, isObject, type ObjectOf } from '../objects/kinds.ts';
import { lastCheckpoint, type Head, type IndexedRecord } from './log-state.ts';
import type { Ledger } from './ledger.ts';

/** Where a revision leads; the entry of a record is not read yet. */
export type Located =
  | { readonly type: 'record'; readonly record: IndexedRecord }
  | { readonly type: 'object'; readonly id: Digest };

/** What a revision names. */
export type Revision =
  | (Extract<Located, { type: 'record' }> & { readonly entry: ObjectOf<'entry'> })
  | Extract<Located, { type: 'object' }>;

export interface ParsedRevision {
  readonly base: string;
  /** What follows the colon, undefined where there is none. */
  readonly path: string | undefined;
}

/** `REV` or `REV:path`. */
export function parseRevision(text: string): ParsedRevision {
  const colon = text.indexOf(':');
  return colon < 0
    ? { base: text, path: undefined }
    : { base: text.slice(0, colon), path: text.slice(colon + 1) };
}

const MIN_PREFIX = 8;

/**
 * Resolves `HEAD`, `HEAD~2`, `@12`, an id, or a unique prefix of at least 8 hex digits (of an object, a record or an
 * entry). An entry's id names the last record that holds it.
 * @throws CustodyError REVISION_MALFORMED, REVISION_UNKNOWN, REVISION_AMBIGUOUS.
 */
export async function resolveRevision(ledger: Ledger, text: string): Promise<Revision> {
  return readLocated(ledger, await locateRevision(ledger, text));
}

/** @throws CustodyError as reading and decoding an entry do. */
export async function readLocated(ledger: Ledger, located: Located): Promise<Revision> {
  if (located.type === 'object') return located;
  const id = located.record.record.entry.digest;
  return { ...located, entry: decodeKind('entry', await ledger.get(id), id) };
}

/** {@link resolveRevision} without the entry, which may be damaged. */
export async function locateRevision(ledger: Ledger, text: string): Promise<Located> {
  const head = await ledger.head();
  const relative = /^HEAD(?:~([0-9]{1,15}))?$/.exec(text);
  if (relative) return recordRevision(ledger, head, head.size - 1 - Number(relative[1] ?? 0), text);
  const numbered = /^@([0-9]{1,15})$/.exec(text);
  if (numbered) return recordRevision(ledger, head, Number(numbered[1]), text);
  if (!/^[0-9a-f]+$/.test(text) || text.length < MIN_PREFIX || text.length > 64) {
    throw new CustodyError('REVISION_MALFORMED', `${JSON.stringify(text)} is not a revision`, {
      hint: `Use HEAD, HEAD~1, @0, an id, or at least ${MIN_PREFIX} hex digits of one.`,
    });
  }
  return resolvePrefix(ledger, head, text);
}

async function recordRevision(ledger: Ledger, head: Head, index: number, text: string): Promise<Located> {
  if (index < 0 || index >= head.size) {
    throw new CustodyError('REVISION_UNKNOWN', `there is no record ${text}`, {
      hint: `The log has ${head.size} records: @0 to @${head.size - 1}.`,
    });
  }
  return { type: 'record', record: await ledger.record(head, index) };
}

/** What an id names that no link led to; no where its bytes are damaged: whoever reads them says so. */
export async function isBlob(ledger: Ledger, id: Digest): Promise<boolean> {
  try {
    return !isObject(await ledger.get(id));
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

async function resolvePrefix(ledger: Ledger, head: Head, text: string): Promise<Located> {
  const objects = new Set<Digest>(await matching(ledger, head, text));
  const [only] = objects;
  // A whole id of a blob: neither a record nor an entry, so the log need not be read.
  if (only === text && (await isBlob(ledger, only))) return { type: 'object', id: only };
  const records: IndexedRecord[] = [];
  let ofEntry: IndexedRecord | undefined;
  for await (const record of ledger.records(head)) {
    if (record.id.startsWith(text)) records.push(record);
    if (record.record.entry.digest.startsWith(text)) ofEntry ??= record;
  }
  const candidates = new Set<Digest>([...objects, ...records.map(({ id }) => id)]);
  if (candidates.size > 1) {
    throw new CustodyError('REVISION_AMBIGUOUS', `${text} is the beginning of ${candidates.size} ids`, {
      hint: `Give more digits: ${[...candidates]
        .sort()
        .slice(0, 4)
        .map((id) => id.slice(0, text.length + 4))
        .join(', ')}.`,
    });
  }
  if (records[0]) return { type: 'record', record: records[0] };
  const [id] = objects;
  if (id === undefined) {
    throw new CustodyError('REVISION_UNKNOWN', `nothing in this ledger begins with ${text}`, {
      hint: 'custody log lists the records.',
    });
  }
  if (ofEntry?.record.entry.digest === id) return { type: 'record', record: ofEntry };
  return { type: 'object', id };
}

async function matching(ledger: Ledger, head: Head, text: string): Promise<Digest[]> {
  const last = lastCheckpoint(head)?.link.digest;
  const held = last?.startsWith(text) === true ? [last] : [];
  if (text.length < 64) return [...(await ledger.store.findPrefix(text)), ...held];
  const id = parseDigest(text);
  return (await ledger.store.has(id)) ? [id] : held;
}
