import { decode } from '../../objects/codec.ts';
import { encodeKey } from '../../objects/rows/key.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { storeContent } from '../../objects/file.ts';
import type { Draft, Entry } from '../draft.ts';
import { sqlite, type Vector } from '../vector.ts';

/**
 * Maps with the right rows in the wrong lists, in what came of the before-state. Two maps of equal content would have two
 * roots. How lists are cut that no comparison opens is level `objects`.
 */
export const TREES: readonly Vector[] = [
  tree('two-leaves-joined', (d, root) => {
    const [a, b, ...rest] = children(d, root);
    return node(d, [leaf(d, [...rows(d, a![1]), ...rows(d, b![1])]), ...rest.map(([, link]) => link)]);
  }),
  otherForm('leaf-split', (d, root) => {
    const [a, ...rest] = children(d, root);
    const entries = rows(d, a![1]);
    return node(d, [
      leaf(d, entries.slice(0, 3)),
      leaf(d, entries.slice(3)),
      ...rest.map(([, link]) => link),
    ]);
  }),
  tree('all-in-one-leaf', (d, root) => leaf(d, d.entriesOf(root))),
  otherForm('root-with-one-child', (d, root) => putNode(d, 2, [[lastKey(d, root), root, 300]])),
  tree('empty-leaf', (d, root) => {
    const links = children(d, root).map(([, link]) => link);
    return putNode(d, 1, [...entriesOf(d, links), [encodeKey([10_000n]), leaf(d, []), 0]]);
  }),
  tree('inner-list-without-children', (d) => putNode(d, 1, [])),
  tree('inner-list-at-level-0', (d, root) => putNode(d, 0, children(d, root))),
  tree('level-skipped', (d, root) => putNode(d, 3, children(d, root))),
  tree('level-out-of-reach', (d, root) => putNode(d, 10_000, children(d, root))),
  tree('children-swapped', (d, root) => {
    const [a, b, ...rest] = children(d, root);
    return putNode(d, 1, [b!, a!, ...rest]);
  }),
  tree('child-twice', (d, root) => {
    const [a, ...rest] = children(d, root);
    return putNode(d, 1, [a!, a!, ...rest]);
  }),
  tree('child-is-a-table', (d, root) => {
    const [[key, , count], ...rest] = children(d, root) as [Child, ...Child[]];
    return putNode(d, 1, [[key, d.put(d.table(d.after, 'births')), count], ...rest]);
  }),
  tree('child-count-differs', (d, root) => {
    const [[key, link, count], [key2, link2, count2], ...rest] = children(d, root) as [
      Child,
      Child,
      ...Child[],
    ];
    return putNode(d, 1, [[key, link, count + 1], [key2, link2, count2 - 1], ...rest]);
  }),
  tree('child-last-key-differs', (d, root) => {
    const [[key, link, count], ...rest] = children(d, root) as [Child, ...Child[]];
    return putNode(d, 1, [[Uint8Array.from([...key, 0]), link, count], ...rest]);
  }),
  tree('rows-swapped', (d, root) => changeFirstLeaf(d, root, ([a, b, ...rest]) => [b!, a!, ...rest])),
  tree('row-twice', (d, root) => changeFirstLeaf(d, root, ([a, , ...rest]) => [a!, a!, ...rest])),
  otherForm('short-row-out-of-line', (d, root) =>
    changeFirstLeaf(d, root, ([first, ...rest]) => [
      [first![0], storeContent(d.objects, first![1] as Uint8Array)],
      ...rest,
    ]),
  ),
  tree('row-links-a-table', (d, root) =>
    changeFirstLeaf(d, root, ([first, ...rest]) => [[first![0], d.put(d.table(d.after, 'births'))], ...rest]),
  ),
];

type Child = ObjectOf<'node'>['entries'][number];

/** The map can be read, and holds the rows that it must. */
function otherForm(name: string, reform: (draft: Draft, root: Link) => Link): Vector {
  return tree(name, reform, '/stock');
}

/** A vector in which the map of a table that did not change has another form in one state. */
function tree(name: string, reform: (draft: Draft, root: Link) => Link, at = ''): Vector {
  return sqlite(`tree-${name}`, [['EVIDENCE_MALFORMED', `legs/T/after${at}`]], (d) => {
    const root = reform(d, d.table(d.after, 'stock').root);
    d.setAfter(
      d.editTable(d.after, 'stock', (table) => {
        table.root = root;
        // So that the count is right and the form alone is wrong.
        const list = listOf(d, root);
        if (list.kind === 'rows') table.rows = list.entries.length;
        if (list.kind === 'node') table.rows = list.entries.reduce((sum, [, , count]) => sum + count, 0);
      }),
    );
  });
}

/** Also of a list that no reader takes. */
function listOf(d: Draft, link: Link): ObjectOf<'rows'> | ObjectOf<'node'> {
  return decode(d.objects.get(link.digest)) as unknown as ObjectOf<'rows'> | ObjectOf<'node'>;
}

function children(d: Draft, root: Link): Child[] {
  return [...listOf(d, root).entries] as Child[];
}

function rows(d: Draft, link: Link): Entry[] {
  return [...listOf(d, link).entries] as Entry[];
}

function leaf(d: Draft, entries: Entry[]): Link {
  return d.put({ kind: 'rows', v: 1, entries });
}

function putNode(d: Draft, level: number, entries: readonly Child[]): Link {
  return d.put({ kind: 'node', v: 1, level, entries });
}

function entriesOf(d: Draft, leaves: readonly Link[]): Child[] {
  return leaves.map((link) => {
    const entries = rows(d, link);
    return [entries.at(-1)![0], link, entries.length];
  });
}

function node(d: Draft, leaves: readonly Link[]): Link {
  return putNode(d, 1, entriesOf(d, leaves));
}

function lastKey(d: Draft, root: Link): Uint8Array {
  return children(d, root).at(-1)![0];
}

function changeFirstLeaf(d: Draft, root: Link, change: (entries: Entry[]) => Entry[]): Link {
  const [first, ...rest] = children(d, root);
  const changed = leaf(d, change(rows(d, first![1])));
  const [entry] = entriesOf(d, [changed]);
  // The last key stays, so that only the leaf is wrong.
  return putNode(d, 1, [[first![0], changed, entry![2]], ...rest]);
}
