import { CustodyError } from '../../errors.ts';
import { compareBytes } from '../codec.ts';
import type { DigestTable } from '../digest-table.ts';
import type { Digest } from '../digest.ts';
import { decodeObject } from '../kinds.ts';
import type { Link } from '../link.ts';
import { need, type Walk } from '../walk.ts';
import { childrenOf, claimFault, edgesOf, levelOf, type Edges, type List, type ListClaim } from './lists.ts';

/** A tree of lists of chunks is walked by file.ts: its lists may come again and again. */
type KeyedList = Exclude<List, { kind: 'chunks' }>;
export type Leaf = Extract<KeyedList, { kind: 'rows' | 'tree' }>;

/** The last key before a leaf: undefined where there is none, null where it was not looked at. */
export type KeyBefore = Uint8Array | undefined | null;

export interface ListVisit<T> {
  /** Called for each leaf in order; `again`: it was looked at before, and is met at the edge of a known list. */
  readonly leaf: (leaf: Leaf, id: Digest, at: { before: KeyBefore; again: boolean }) => Walk<T>;
  /** Whether each list must also end where its neighbour says, as only the whole tree shows. */
  readonly cut?: boolean;
  /** Lists below which everything was found sound; those that are found so are added. */
  readonly known?: DigestTable;
}

/** The list behind a link. @throws CustodyError OBJECT_KIND_UNEXPECTED, TREE_MALFORMED and what decoding throws. */
export function openList<K extends List['kind']>(
  kinds: readonly K[],
  { digest }: Link,
  bytes: Uint8Array,
  claim: ListClaim,
): Extract<List, { kind: K }> {
  const list = decodeObject(bytes);
  if (!(kinds as readonly string[]).includes(list.kind)) {
    throw new CustodyError(
      'OBJECT_KIND_UNEXPECTED',
      `a ${list.kind} stands where ${kinds.join(' or ')} is due`,
      {
        path: digest,
      },
    );
  }
  const fault = claimFault(list as List, claim);
  if (fault !== undefined) malformedList(digest, fault);
  return list as Extract<List, { kind: K }>;
}

export function malformedList(id: Digest, what: string): never {
  throw new CustodyError('TREE_MALFORMED', `${id}: ${what}`, { path: id });
}

/**
 * Walks a Merkle map or a folder, list by list: each is what the list above says, keys ascend from list to list, and with `cut`
 * each ends where it must: so it is the one tree of its content (spec/FORMAT.md, "Lists: cutting"). Of a list that is known only its two
 * edges are read again, for what lies beside it.
 * @throws CustodyError TREE_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws.
 */
export function* walkLists<T>(
  kinds: readonly KeyedList['kind'][],
  root: Link,
  claim: ListClaim,
  { leaf, cut = false, known }: ListVisit<T>,
): Walk<T, KeyedList> {
  /** The list that was passed last at each level; null: one that was not looked at. */
  const passed: (Edges | null)[] = [];
  return yield* visit(root, claim, 'whole');

  function* visit(link: Link, claim: ListClaim, part: 'whole' | 'first' | 'last'): Walk<T, KeyedList> {
    const id = link.digest;
    const list = openList(kinds, link, yield* need<T>(id), claim);
    const level = levelOf(list);
    const edges = edgesOf(list);
    const before = passed[level];
    if (before) checkSeam(id, before, edges, cut);
    const again = part !== 'whole' || (known !== undefined && known.find(id) >= 0);
    if (level === 0) yield* leaf(list as Leaf, id, { before: before === null ? null : before?.last, again });
    const children = childrenOf(list);
    if (cut && claim.level === undefined && children.length === 1) malformedList(id, 'a root with one child');
    for (const [i, child] of children.entries()) {
      if (!again) yield* visit(child.link, child.claim, 'whole');
      else if (i === 0 && part !== 'last') yield* visit(child.link, child.claim, 'first');
      else if (i === children.length - 1 && part !== 'first') {
        passed.fill(null, 0, level);
        yield* visit(child.link, child.claim, 'last');
      }
    }
    // What is right of a list of which only the first edge was read was not looked at.
    if (part === 'first') passed.fill(null, 0, level);
    known?.add(id);
    passed[level] = edges;
    return list;
  }
}

function checkSeam(id: Digest, left: Edges, right: Edges, cut: boolean): void {
  if (left.last && right.first && compareBytes(left.last, right.first) >= 0)
    malformedList(id, 'keys that do not ascend');
  if (cut && !left.endsBefore(right.firstWeight))
    malformedList(id, 'the list before it ends where it must go on');
}
