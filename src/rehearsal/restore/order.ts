import type { RowValue } from '../../objects/rows/row.ts';
import type { Walk } from '../../objects/walk.ts';
import { contested, halves, noWay, REFERRED, wayAround, type Temporaries, type Way } from './detour.ts';
import type { Infos, RowChange, RestoreStep } from '../../engines/restore/model.ts';
import { sortByNeed } from './topological.ts';
import { comes, leaves, NOTHING, type Columns } from './tuples.ts';

const PHASE = { delete: 0, park: 1, update: 1, insert: 2 } as const;

export interface Ordered {
  readonly steps: readonly RestoreStep[];
  /** Tables with rows that wait for one another in a circle: only deferred constraints let them pass. */
  readonly circles: readonly string[];
}

/**
 * The order in which constraints that are checked at once hold: deletes (children before parents), updates, inserts
 * (parents before children). Where a row's own foreign keys or unique values need another order, that row's step moves:
 * a child leaves its parent before the parent goes and joins it after it came; a unique value is freed before it is taken.
 * Rows that take unique values from one another in a circle cannot be ordered so. Each such circle is broken: in a table
 * that nobody refers to its rows go and are made anew, else one of them takes a detour.
 * @throws RESTORE_UNSUPPORTED where no detour is sure to be accepted.
 */
export function* orderSteps<T>(
  changes: readonly RowChange[],
  infos: Infos,
  temporaries: Temporaries,
): Walk<T, Ordered> {
  const rank = tableOrder(infos);
  const referenced = new Set(
    [...infos.values()].flatMap(({ references }) => references.map(({ table }) => table)),
  );
  const place = ({ kind, change }: RestoreStep): number => {
    const at = rank.get(change.table.name) ?? 0;
    return PHASE[kind] * 2 * rank.size + (kind === 'delete' ? rank.size - at : at);
  };
  const deferred = new Set<string>();
  let steps = changes.map((change): RestoreStep => ({ kind: kindOf(change), change }));
  for (;;) {
    steps = steps
      .map((step) => ({ step, at: place(step) }))
      .sort((a, b) => a.at - b.at)
      .map(({ step }) => step);
    const circle = new Set<RestoreStep>();
    const ways = new Map<RowChange, Way>();
    let stuck: RestoreStep | undefined;
    const order = sortByNeed(steps, needs(steps, infos), (loop) => {
      for (const step of loop) circle.add(step);
      if (loop.some((step) => ways.has(originOf(step)))) return;
      const found = breakLoop(loop, infos);
      if (found?.way) ways.set(found.way.origin, found.way);
      else stuck ??= found?.giver;
    });
    // Gone first and made anew they do not meet.
    const split = new Set(
      [...circle].filter(({ kind, change }) => kind === 'update' && !referenced.has(change.table.name)),
    );
    if (split.size > 0) {
      steps = steps.flatMap((step): RestoreStep[] =>
        split.has(step)
          ? [
              { kind: 'delete', change: step.change },
              { kind: 'insert', change: step.change },
            ]
          : [step],
      );
      continue;
    }
    if (ways.size === 0) {
      if (stuck)
        throw noWay(
          stuck.change.table,
          'NOT NULL, CHECK, a key, a foreign key or an index stands against each',
        );
      const names = [...circle].map(({ change }) => change.table.name);
      return { steps: order, circles: [...new Set([...deferred, ...names])].sort() };
    }
    const parked = new Map<RowChange, Map<number, RowValue>>();
    for (const { origin, columns, cost } of ways.values()) {
      const values = new Map(temporaryValues(steps, origin));
      for (const [column, how] of columns)
        values.set(column, how === 'null' ? null : yield* temporaries.value<T>(origin, column));
      parked.set(origin, values);
      if (cost >= REFERRED) deferred.add(origin.table.name);
    }
    steps = steps.flatMap((step): RestoreStep[] => {
      const values = parked.get(originOf(step));
      if (!values) return [step];
      return step.kind === 'park' ? [] : halves(step.kind, originOf(step), values);
    });
  }
}

function kindOf({ wanted, found }: RowChange): RestoreStep['kind'] {
  return wanted === undefined ? 'delete' : found === undefined ? 'insert' : 'update';
}

function originOf({ change, detour }: RestoreStep): RowChange {
  return detour?.origin ?? change;
}

/** Those that a row's detour has already. */
function temporaryValues(steps: readonly RestoreStep[], origin: RowChange): [number, RowValue][] {
  const park = steps.find((step) => step.kind === 'park' && originOf(step) === origin);
  const { wanted = [] } = park?.change ?? {};
  return wanted.flatMap((value, i): [number, RowValue][] => (value === origin.found![i] ? [] : [[i, value]]));
}

/**
 * Where a circle can be broken: a step that gives up a unique value that another one waits for. Undefined where all of
 * them wait for foreign keys; without a way where each giver needs its value to the end.
 */
function breakLoop(
  loop: readonly RestoreStep[],
  infos: Infos,
): { giver: RestoreStep; way: Way | undefined } | undefined {
  let best: { giver: RestoreStep; way: Way | undefined } | undefined;
  for (let i = loop.length - 1; i >= 0 && best?.way?.cost !== 0; i--) {
    const giver = loop[(i + 1) % loop.length]!;
    const sets = contested(giver, loop[i]!, infos);
    if (sets.length === 0) continue;
    const way = wayAround(giver, sets, infos);
    best ??= { giver, way };
    if (way && way.cost < (best.way?.cost ?? Infinity)) best = { giver, way };
  }
  return best;
}

/**
 * For each step the steps that must come before it. The first half of a detour waits for nobody: what it takes is unused,
 * and where foreign keys point to what it leaves, they are deferred.
 */
function needs(steps: readonly RestoreStep[], infos: Infos): ReadonlyMap<RestoreStep, RestoreStep[]> {
  const before = new Map<RestoreStep, RestoreStep[]>();
  const mustPrecede = (first: RestoreStep, then: RestoreStep): void => {
    if (first === then) return;
    const known = before.get(then);
    if (known) known.push(first);
    else before.set(then, [first]);
  };
  for (const step of steps) if (step.detour?.park) mustPrecede(step.detour.park, step);
  const byTable = Map.groupBy(steps, ({ change }) => change.table.name);
  for (const [table, own] of byTable) {
    const info = infos.get(table);
    for (const unique of info?.uniques ?? []) {
      const freed = index(own, unique, leaves);
      for (const step of own.filter(({ kind }) => kind !== 'park'))
        for (const other of freed.get(comes(step, unique)) ?? []) mustPrecede(other, step);
    }
    for (const reference of info?.references ?? []) {
      const parents = (byTable.get(reference.table) ?? []).filter(({ kind }) => kind !== 'park');
      if (parents.length === 0) continue;
      const targets = { columns: reference.targets };
      const going = index(parents, targets, leaves);
      const coming = index(parents, targets, comes);
      for (const child of own) {
        for (const other of going.get(leaves(child, reference)) ?? []) mustPrecede(child, other);
        for (const other of coming.get(comes(child, reference)) ?? []) mustPrecede(other, child);
      }
    }
  }
  return before;
}

/** Steps by the values that `tuple` gives. */
function index(
  steps: readonly RestoreStep[],
  columns: Columns,
  tuple: (step: RestoreStep, columns: Columns) => string | undefined,
): ReadonlyMap<string | undefined, RestoreStep[]> {
  const found = new Map<string | undefined, RestoreStep[]>();
  for (const step of steps) {
    const key = tuple(step, columns);
    if (key === NOTHING) continue;
    const list = found.get(key);
    if (list) list.push(step);
    else found.set(key, [step]);
  }
  return found;
}

/** Each table's place: parents before the tables that refer to them, by name where they do not say. */
function tableOrder(infos: Infos): ReadonlyMap<string, number> {
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
