import { MAX_CHUNK, MIN_CHUNK } from '../cutting/chunker.ts';
import { compareBytes } from '../codec.ts';
import { Cutter, hash32, MAX_LEVEL } from '../cutting/cutter.ts';
import { digestToBytes } from '../digest.ts';
import { Link } from '../link.ts';
import { isEntryName } from '../names.ts';
import { MAX_KEY } from '../rows/key.ts';
import type { Stored } from '../shapes/stored.ts';

/** A list of a tree of lists: of a Merkle map, a folder or a file (spec/FORMAT.md, "Lists: cutting"). */
export type List = Stored<'rows' | 'node' | 'tree' | 'chunks'>;

/** A longer row is stored as content of its own (a blob or a file) and its entry holds the link. Bytes. */
export const MAX_INLINE_ROW = 16_384;
/** What a link weighs in a list of a Merkle map, in bytes. */
export const LINK_WEIGHT = 40;
/** What a folder's entry weighs beside its name. */
export const ENTRY_WEIGHT = 64;
/** What one chunk entry weighs: a link and a size. */
export const CHUNK_WEIGHT = 48;

/** What the list above, or whoever names the root, says of a list. Of a root nothing need be known. */
export interface ListClaim {
  readonly level?: number | undefined;
  /** Rows, names or bytes below. */
  readonly count?: number | undefined;
  readonly last?: Uint8Array | string | undefined;
}

/** An entry as order and cutting see it. */
interface Entry {
  /** Chunks have none. */
  readonly key?: Uint8Array;
  readonly weight: number;
  /** How much is below. */
  readonly count: number;
  /** The list or the chunk below; rows and the entries of a folder have none. */
  readonly child?: Link | undefined;
}

export function levelOf(list: List): number {
  return list.kind === 'rows' ? 0 : list.level;
}

export function countOf(list: List): number {
  return list.kind === 'rows'
    ? list.entries.length
    : entriesOf(list).reduce((sum, { count }) => sum + count, 0);
}

function entriesOf(list: List): Entry[] {
  switch (list.kind) {
    case 'rows':
      return list.entries.map(([key, row]) => ({
        key,
        weight: key.length + (row instanceof Link ? LINK_WEIGHT : row.length),
        count: 1,
      }));
    case 'node':
      return list.entries.map(([key, child, count]) => ({
        key,
        weight: key.length + LINK_WEIGHT,
        count,
        child,
      }));
    case 'tree':
      return list.entries.map((entry) => {
        const [name, child, count = 1] = 'name' in entry ? ([entry.name] as const) : entry;
        const key = Buffer.from(name);
        return { key, weight: key.length + ENTRY_WEIGHT, count, child };
      });
    case 'chunks':
      return list.entries.map(([child, count]) => ({ weight: CHUNK_WEIGHT, count, child }));
  }
}

/** What decides by chance whether a list ends after an entry: of rows and names the key, else the child's digest. */
function chanceOf({ key, child }: Entry): number {
  return hash32(child ? digestToBytes(child.digest) : key!);
}

/** What cannot be so of a list whatever is below and beside it, in words; undefined where nothing is wrong. */
export function listFault(list: List): string | undefined {
  const level = levelOf(list);
  if (level > MAX_LEVEL) return 'a level that is too high';
  if (list.kind === 'node' && level === 0) return 'an inner list at level 0';
  if (list.entries.length === 0 && (level > 0 || list.kind === 'chunks')) return 'an empty list';
  return entryFault(list) ?? cutFault(list);
}

function entryFault(list: List): string | undefined {
  switch (list.kind) {
    case 'rows':
    case 'node':
      if (list.entries.some(([key]) => key.length > MAX_KEY)) return 'a key that is too long';
      return list.entries.some(([, row]) => row instanceof Uint8Array && row.length > MAX_INLINE_ROW)
        ? 'a long row that is held inline'
        : undefined;
    case 'tree':
      if (list.entries.some((entry) => 'name' in entry === list.level > 0))
        return 'an entry of the wrong level';
      return list.entries.some((entry) => 'name' in entry && !isEntryName(entry.name))
        ? 'a name that an entry of a folder cannot have'
        : undefined;
    case 'chunks':
      if (list.entries.some(([child]) => (list.level === 0) !== (child.codec === 'raw')))
        return 'a link of the wrong codec for its level';
      // Only the end of a file is short: else its claims could be few bytes and, made of single ones, endless work.
      if (list.entries.some(([, size], i) => size <= (i === list.entries.length - 1 ? 0 : MIN_CHUNK)))
        return 'a chunk that is too short';
      return list.level === 0 && list.entries.some(([, size]) => size > MAX_CHUNK)
        ? 'a chunk that is too long'
        : undefined;
  }
}

function cutFault(list: List): string | undefined {
  const cutter = new Cutter(levelOf(list) === 0 ? 1 : 2);
  let before: Entry | undefined;
  let ended = false;
  for (const entry of entriesOf(list)) {
    if (before?.key && entry.key && compareBytes(before.key, entry.key) >= 0)
      return 'keys that do not ascend';
    if (entry.count === 0) return 'an entry with nothing below';
    if (ended || cutter.before(entry.weight)) return 'a list that goes on where it must end';
    ended = cutter.after(entry.weight, chanceOf(entry));
    before = entry;
  }
  return undefined;
}

/** What is not so of a list that {@link ListClaim} says of it, in words. */
export function claimFault(list: List, claim: ListClaim): string | undefined {
  const level = levelOf(list);
  if (claim.level !== undefined && claim.level !== level) return `level ${level}, not ${claim.level}`;
  if (claim.level !== undefined && list.entries.length === 0) return 'an empty list below another';
  const count = claim.count === undefined ? undefined : countOf(list);
  if (count !== claim.count) return `${count} below, not ${claim.count} as is said of it`;
  if (claim.last === undefined) return undefined;
  const last = entriesOf(list).at(-1)?.key;
  const same =
    last && compareBytes(last, typeof claim.last === 'string' ? Buffer.from(claim.last) : claim.last) === 0;
  return same ? undefined : 'the last key is not what is said of it';
}

/** Where a list begins and ends, as its neighbours at the same level see it. */
export interface Edges {
  readonly first: Uint8Array | undefined;
  readonly last: Uint8Array | undefined;
  readonly firstWeight: number;
  /** Whether it ends rightly before an entry of this weight. */
  readonly endsBefore: (weight: number) => boolean;
}

export function edgesOf(list: List): Edges {
  const entries = entriesOf(list);
  const cutter = new Cutter(levelOf(list) === 0 ? 1 : 2);
  let ended = false;
  for (const entry of entries) ended = cutter.after(entry.weight, chanceOf(entry));
  return {
    first: entries[0]?.key,
    last: entries.at(-1)?.key,
    firstWeight: entries[0]?.weight ?? 0,
    endsBefore: (weight) => ended || cutter.before(weight),
  };
}

/** The lists below, each with what is said of it; none below leaves. */
export function childrenOf(list: List): { readonly link: Link; readonly claim: ListClaim }[] {
  const level = levelOf(list);
  if (level === 0) return [];
  return entriesOf(list).map(({ key, child, count }) => ({
    link: child!,
    claim: { level: level - 1, count, last: key },
  }));
}
