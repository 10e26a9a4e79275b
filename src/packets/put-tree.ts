import type { Link } from '../objects/link.ts';
import type { ObjectSink } from '../objects/sink.ts';
import { compareNames } from '../objects/names.ts';
import { TreeBuilder, type TreeEntry } from '../objects/tree.ts';
import { parentOf } from './seal/names.ts';

/** What lies at `path` (`/` between names): a folder, or what a `tree` says of a file or symlink beside its name. */
export type Placed = { readonly path: string } & (
  { readonly mode: 'dir' } | { readonly mode: Exclude<TreeEntry['mode'], 'dir'>; readonly link: Link }
);

/** Stores a tree of folders, those on the way to a file included, and returns its root. @throws TREE_MALFORMED */
export function putTree(entries: Iterable<Placed>, sink: ObjectSink): Link {
  const folders = new Map<string, TreeEntry[]>();
  const folder = (path: string): TreeEntry[] => {
    let list = folders.get(path);
    if (list === undefined) {
      folders.set(path, (list = []));
      if (path !== '') folder(parentOf(path));
    }
    return list;
  };
  folder('');
  for (const { path, ...entry } of entries) {
    if (entry.mode === 'dir') folder(path);
    else folder(parentOf(path)).push({ name: baseName(path), ...entry });
  }
  const below = [...folders.keys()].filter((path) => path !== '').sort((a, b) => depth(b) - depth(a));
  for (const path of below)
    folder(parentOf(path)).push({ name: baseName(path), mode: 'dir', link: build(folder(path), sink) });
  return build(folder(''), sink);
}

function build(entries: TreeEntry[], sink: ObjectSink): Link {
  const tree = new TreeBuilder(sink);
  for (const entry of entries.sort((a, b) => compareNames(a.name, b.name))) tree.add(entry);
  return tree.finish();
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function depth(path: string): number {
  return path.split('/').length;
}
