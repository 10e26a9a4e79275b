import { MASKED } from '../../objects/rows/masked.ts';
import { decodeRow, type RowValue } from '../../objects/rows/row.ts';
import { walkMap } from '../../objects/map-walk.ts';
import type { Table } from '../../objects/snapshots/diff.ts';
import { rowBytes } from '../../objects/map-walk.ts';
import type { Walk } from '../../objects/walk.ts';
import {
  RESTORE_IMAGE_HINT,
  unsupported,
  type Dialect,
  type RowChange,
  type RestoreStep,
} from '../../engines/restore/model.ts';
import type { Infos, TableInfo, Unique } from '../../engines/restore/model.ts';
import { comes, comparable, leaves, NOTHING, staysAlike } from './tuples.ts';

/** How a row can give unique values up before it gets its final ones. */
export interface Way {
  readonly origin: RowChange;
  /** Columns that get a temporary value, and whether NULL will do. */
  readonly columns: ReadonlyMap<number, 'null' | 'value'>;
  /** The lower the better: NULL, another value, a value that others may refer to. */
  readonly cost: number;
}

/** Where a foreign key points to what is given up, it must be deferred: the cost from which on that holds. */
export const REFERRED = 2;

/** The unique sets in which `taker` takes what `giver` leaves. */
export function contested(giver: RestoreStep, taker: RestoreStep, infos: Infos): Unique[] {
  const { name } = giver.change.table;
  if (taker.change.table.name !== name) return [];
  return (infos.get(name)?.uniques ?? []).filter((unique) => {
    const left = leaves(giver, unique);
    return left !== NOTHING && left === comes(taker, unique);
  });
}

/** The cheapest detour by which the row of `giver` leaves all of `sets`; undefined where nothing is sure to be accepted. */
export function wayAround(giver: RestoreStep, sets: readonly Unique[], infos: Infos): Way | undefined {
  const { change, detour } = giver;
  const { table, wanted, found } = change;
  const info = infos.get(table.name);
  if (!info || !found || table.key.type === 'multiset') return undefined;
  const columns = new Map<number, 'null' | 'value'>();
  let cost = 0;
  for (const { columns: set } of sets) {
    if (set.some((i) => columns.has(i))) continue;
    // What changes anyhow goes first: a column that stays may tell where the row lies.
    const stays = (i: number): number => (wanted && staysAlike(wanted, found, i) ? 1 : 0);
    const best = [...set]
      .sort((a, b) => stays(a) - stays(b))
      .map((i) => ({ i, cost: costOf(i, info, infos) }))
      .reduce((a, b) => (b.cost < a.cost ? b : a));
    if (best.cost === Infinity) return undefined;
    columns.set(best.i, best.cost % REFERRED === 0 ? 'null' : 'value');
    cost = Math.max(cost, best.cost);
  }
  return { origin: detour?.origin ?? change, columns, cost };
}

function costOf(column: number, info: TableInfo, infos: Infos): number {
  const meets = info.uniques.some(({ columns, nullsMeet }) => nullsMeet && columns.includes(column));
  const own = info.nullable.has(column) && !meets ? 0 : info.free.has(column) ? 1 : Infinity;
  const pointed = [...infos.values()]
    .flatMap(({ references }) => references)
    .filter(({ table, targets }) => table === info.table.name && targets.includes(column));
  if (pointed.some(({ acts }) => acts)) return Infinity;
  return pointed.length > 0 ? own + REFERRED : own;
}

/** The two halves of a detour: the temporary values, then the row's own step from there. */
export function halves(
  kind: RestoreStep['kind'],
  origin: RowChange,
  values: ReadonlyMap<number, RowValue>,
): RestoreStep[] {
  const between = origin.found!.map((value, i) => (values.has(i) ? values.get(i)! : value));
  const park: RestoreStep = {
    kind: 'park',
    change: { ...origin, wanted: between },
    detour: { origin, park: undefined },
  };
  return [park, { kind, change: { ...origin, found: between }, detour: { origin, park } }];
}

/** Gives temporary values that neither state has, nor a row that was asked for before. */
export class Temporaries {
  readonly #used = new Map<string, Set<string>>();
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #changes: readonly RowChange[];
  readonly #dialect: Dialect;

  /** @param tables those of state A. */
  constructor(tables: readonly Table[], changes: readonly RowChange[], dialect: Dialect) {
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#changes = changes;
    this.#dialect = dialect;
  }

  /** @throws RESTORE_UNSUPPORTED where the type has no more values, or what is in use is masked. */
  *value<T>({ table, found }: RowChange, column: number): Walk<T, RowValue> {
    const id = JSON.stringify([table.name, column]);
    const used = this.#used.get(id) ?? (yield* this.#usedIn<T>(table.name, column));
    this.#used.set(id, used);
    for (let n = 0; ; n++) {
      const value = this.#dialect.temporary(table, column, found![column]!, n);
      if (value === undefined || value === null || value === MASKED)
        throw noWay(table, 'their type has none left');
      const text = comparable(value);
      if (used.has(text)) continue;
      used.add(text);
      return value;
    }
  }

  /** State B is state A with the changes. */
  *#usedIn<T>(name: string, column: number): Walk<T, Set<string>> {
    const used = new Set<string>();
    const table = this.#tables.get(name)!;
    const add = (value: RowValue | undefined): void => {
      if (value === MASKED) throw noWay(table, 'some of the values in use are masked');
      if (value !== null && value !== undefined) used.add(comparable(value));
    };
    for (const { table, found } of this.#changes) if (table.name === name) add(found?.[column]);
    const walk = walkMap(table.root, table.rows);
    let step = walk.next();
    while (!step.done) {
      if ('need' in step.value) step = walk.next(yield step.value);
      else {
        add(decodeRow(table.format, yield* rowBytes<T>(step.value.item.row))[column]);
        step = walk.next();
      }
    }
    return used;
  }
}

export function noWay(table: Table, why: string): Error {
  return unsupported(
    `table ${table.name}`,
    `rows of ${table.name} take unique values from one another in a circle, other rows refer to the table, and no temporary value is sure to be accepted: ${why}`,
    RESTORE_IMAGE_HINT,
  );
}
