import { CustodyError } from '../errors.ts';
import { equalBytes } from '../objects/codec.ts';
import { contentFacts } from '../objects/file.ts';
import { jsonChanges, type JsonChange } from '../objects/json-changes.ts';
import { toJson, type Json } from '../objects/json.ts';
import { withoutRepeats } from '../objects/oversized.ts';
import { diffSnapshots } from '../objects/snapshots/diff.ts';
import { diffTrees, type TreeEntry } from '../objects/tree.ts';
import { driveAsync, resultOfAsync, eitherStore, type Get } from '../objects/walk.ts';
import type { Operand } from './operand.ts';
import { showChange, type ShownChange } from '../objects/snapshots/shown-change.ts';
import type { Link } from '../objects/link.ts';
import { type AnyObject, decodeObject } from '../objects/kinds.ts';

export type FileChange = {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly before?: string;
  readonly after?: string;
};
export type DiffResult =
  | { readonly equal: boolean; readonly kind: 'tree'; readonly changes: readonly FileChange[] }
  | { readonly equal: boolean; readonly kind: 'snapshot'; readonly changes: readonly ShownChange[] }
  | { readonly equal: boolean; readonly kind: 'json' | 'object'; readonly changes: readonly JsonChange[] }
  | { readonly equal: boolean; readonly kind: 'text'; readonly changes: readonly LineChange[] }
  | {
      readonly equal: boolean;
      readonly kind: 'bytes';
      readonly changes: readonly {
        readonly before: number;
        readonly after: number;
        readonly firstDifference: number;
      }[];
    };

/**
 * Compares two things of one kind: folders and packets by files, snapshots and databases by schema, tables and rows,
 * JSON by values, text by lines, other objects by fields, anything else by bytes.
 * `get` must find the objects of both sides. @throws CustodyError KIND_NOT_COMPARABLE.
 */
export async function diffOperands(
  a: Operand,
  b: Operand,
  options: { signal?: AbortSignal; limitSize?: number | undefined } = {},
): Promise<DiffResult> {
  if (a.kind === 'file' && b.kind === 'file') return diffFiles(a.bytes, b.bytes);
  if (a.kind === 'file' || b.kind === 'file' || a.kind !== b.kind) {
    throw new CustodyError('KIND_NOT_COMPARABLE', `a ${a.kind} and a ${b.kind} cannot be compared`, {
      hint: 'Compare a packet with a packet or folder, a snapshot with a snapshot or database, a file with a file.',
    });
  }
  const get = withoutRepeats(eitherStore(a.get, b.get), options.limitSize);
  if (a.kind === 'tree') {
    const changes: FileChange[] = [];
    for await (const { path, before, after } of driveAsync(diffTrees(a.link, b.link), get, options)) {
      changes.push({
        path,
        change: !before ? 'added' : !after ? 'removed' : 'changed',
        ...(before && { before: await identity(before, get) }),
        ...(after && { after: await identity(after, get) }),
      });
    }
    return { equal: a.link.equals(b.link), kind: 'tree', changes };
  }
  if (a.kind === 'snapshot') {
    const changes: ShownChange[] = [];
    for await (const change of driveAsync(diffSnapshots(a.link, b.link), get, options))
      changes.push(showChange(change));
    return { equal: a.link.equals(b.link), kind: 'snapshot', changes };
  }
  const [x, y] = [await loadObject(a.link, a.get), await loadObject(b.link, b.get)];
  if (x?.kind !== y?.kind)
    throw new CustodyError(
      'KIND_NOT_COMPARABLE',
      `a ${x?.kind ?? 'blob'} and a ${y?.kind ?? 'blob'} cannot be compared`,
      { hint: 'Compare two objects of one kind.' },
    );
  return { equal: a.link.equals(b.link), kind: 'object', changes: jsonChanges(toJson(x), toJson(y)) };
}

async function identity({ mode, link }: TreeEntry, get: Get): Promise<string> {
  if (mode === 'dir') return link.digest;
  const { size, sha256 } = await resultOfAsync(contentFacts(link), get);
  return `${mode} ${size} bytes sha256:${sha256}`;
}

async function diffFiles(a: Uint8Array, b: Uint8Array): Promise<DiffResult> {
  const equal = equalBytes(a, b);
  const [x, y] = [parseJson(a), parseJson(b)];
  if (x !== undefined && y !== undefined) return { equal, kind: 'json', changes: jsonChanges(x, y) };
  const [s, t] = [decodeText(a), decodeText(b)];
  if (s !== undefined && t !== undefined)
    return { equal, kind: 'text', changes: equal ? [] : await diffLines(s, t) };
  if (equal) return { equal, kind: 'bytes', changes: [] };
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a[at] === b[at]) at++;
  return { equal, kind: 'bytes', changes: [{ before: a.length, after: b.length, firstDifference: at }] };
}

/** JSON only where printing loses nothing: numbers that JavaScript would round, and repeated keys, are compared as text. */
function parseJson(bytes: Uint8Array): Json | undefined {
  const source = decodeText(bytes);
  if (source === undefined || !/^\s*[[{]/.test(source)) return undefined;
  try {
    const value = JSON.parse(source) as Json;
    return lossless(source, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the text says nothing that the value has lost, white space and escapes aside. */
function lossless(source: string, value: Json): boolean {
  const tokens = /"(?:[^"\\]|\\.)*"|-?[0-9][-+.0-9eE]*/g;
  const canonical = (json: string): string =>
    (json.match(tokens) ?? [])
      .map((token) => (token.startsWith('"') ? String(JSON.parse(token)) : token))
      .join('\0');
  return canonical(source) === canonical(JSON.stringify(value));
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

async function loadObject(link: Link, get: Get): Promise<AnyObject | undefined> {
  return link.codec === 'raw' ? undefined : decodeObject(await get(link.digest));
}

export interface LineChange {
  readonly change: 'added' | 'removed';
  /** Line number from 1, in the file that has the line. */
  readonly line: number;
  readonly text: string;
}

/** Differences between two texts by lines, by the library `diff` (Myers, "An O(ND) Difference Algorithm", 1986). */
async function diffLines(before: string, after: string): Promise<LineChange[]> {
  const { diffArrays } = await import('diff');
  const changes: LineChange[] = [];
  let [old, now] = [1, 1];
  for (const { value, added, removed } of diffArrays(before.split('\n'), after.split('\n'))) {
    for (const text of value) {
      if (added) changes.push({ change: 'added', line: now++, text });
      else if (removed) changes.push({ change: 'removed', line: old++, text });
      else {
        old++;
        now++;
      }
    }
  }
  return changes;
}
