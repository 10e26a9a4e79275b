import type { TableInfo } from './model.ts';
import { sortByNeed } from './topological.ts';

/** Each table's place: parents before the tables that refer to them, by name where they do not say. */
export function tableOrder(infos: ReadonlyMap<string, TableInfo>): ReadonlyMap<string, number> {
  const names = [...infos.keys()].sort();
  const parents = new Map(
    names.map((name) => [
      name,
      infos
        .get(name)!
        .references.map(({ table }) => table)
        .filter((t) => t !== name),
    ]),
  );
  return new Map(sortByNeed(names, parents).map((name, i) => [name, i]));
}
