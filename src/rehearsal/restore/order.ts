import { TextBytes } from '../../objects/key.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import type { RowValue } from '../../objects/rows/row.ts';
import type { RowChange, Step, TableInfo } from './model.ts';
import { tableOrder } from './table-order.ts';
import { sortByNeed } from './topological.ts';

type Infos = ReadonlyMap<string, TableInfo>;
const PHASE = { delete: 0, update: 1, insert: 2 } as const;

export interface Ordered {
  readonly steps: readonly Step[];
  /** Tables with rows that wait for one another in a circle: only deferred constraints let them pass. */
  readonly circles: readonly string[];
}

/**
 * The order in which constraints that are checked at once hold: deletes (children before parents), updates, inserts
 * (parents before children). Where a row's own foreign keys or unique values need another order, that row's step moves:
 * a child leaves its parent before the parent goes and joins it after it came; a unique value is freed before it is taken.
 */
export function orderSteps(changes: readonly RowChange[], infos: Infos): Ordered {
  const rank = tableOrder(infos);
  const referenced = new Set(
    [...infos.values()].flatMap(({ references }) => references.map(({ table }) => table)),
  );
  const place = ({ kind, change }: Step): number => {
    const at = rank.get(change.table.name) ?? 0;
    return PHASE[kind] * 2 * rank.size + (kind === 'delete' ? rank.size - at : at);
  };
  let steps = changes.map((change): Step => ({ kind: kindOf(change), change }));
  for (;;) {
    steps = steps
      .map((step) => ({ step, at: place(step) }))
      .sort((a, b) => a.at - b.at)
      .map(({ step }) => step);
    const { order, circle } = sortByNeed(steps, needs(steps, infos));
    // Rows that swap unique values: gone first and made anew they do not meet, if nobody refers to them.
    const split = new Set(
      [...circle].filter(({ kind, change }) => kind === 'update' && !referenced.has(change.table.name)),
    );
    if (split.size === 0)
      return {
        steps: order,
        circles: [...new Set([...circle].map(({ change }) => change.table.name))].sort(),
      };
    steps = steps.flatMap((step): Step[] =>
      split.has(step)
        ? [
            { kind: 'delete', change: step.change },
            { kind: 'insert', change: step.change },
          ]
        : [step],
    );
  }
}

function kindOf({ wanted, found }: RowChange): Step['kind'] {
  return wanted === undefined ? 'delete' : found === undefined ? 'insert' : 'update';
}

/** For each step the steps that must come before it. */
function needs(steps: readonly Step[], infos: Infos): ReadonlyMap<Step, Step[]> {
  const before = new Map<Step, Step[]>();
  const mustPrecede = (first: Step, then: Step): void => {
    if (first === then) return;
    const known = before.get(then);
    if (known) known.push(first);
    else before.set(then, [first]);
  };
  const byTable = Map.groupBy(steps, ({ change }) => change.table.name);
  for (const [table, own] of byTable) {
    const info = infos.get(table);
    for (const columns of info?.uniques ?? []) {
      const freed = index(own, columns, leaves);
      for (const step of own)
        for (const other of freed.get(comes(step, columns)) ?? []) mustPrecede(other, step);
    }
    for (const { columns, table: parent, targets } of info?.references ?? []) {
      const parents = byTable.get(parent) ?? [];
      if (parents.length === 0) continue;
      const going = index(parents, targets, leaves);
      const coming = index(parents, targets, comes);
      for (const child of own) {
        for (const other of going.get(leaves(child, columns)) ?? []) mustPrecede(child, other);
        for (const other of coming.get(comes(child, columns)) ?? []) mustPrecede(other, child);
      }
    }
  }
  return before;
}

/** What holds of no tuple: a NULL refers to nothing and meets nothing. */
const NOTHING = undefined;

/** Steps by the values that `tuple` gives. */
function index(
  steps: readonly Step[],
  columns: readonly number[],
  tuple: (step: Step, columns: readonly number[]) => string | undefined,
): ReadonlyMap<string | undefined, Step[]> {
  const found = new Map<string | undefined, Step[]>();
  for (const step of steps) {
    const key = tuple(step, columns);
    if (key === NOTHING) continue;
    const list = found.get(key);
    if (list) list.push(step);
    else found.set(key, [step]);
  }
  return found;
}

/** The values of `columns` that are there before the step and no longer after it. */
function leaves(step: Step, columns: readonly number[]): string | undefined {
  const { wanted, found } = step.change;
  if (step.kind === 'insert' || !found) return NOTHING;
  const old = tupleOf(found, columns);
  return step.kind === 'update' && wanted && tupleOf(wanted, columns) === old ? NOTHING : old;
}

/** The values of `columns` that are there after the step and were not before it. */
function comes(step: Step, columns: readonly number[]): string | undefined {
  const { wanted, found } = step.change;
  if (step.kind === 'delete' || !wanted) return NOTHING;
  const now = tupleOf(wanted, columns);
  return step.kind === 'update' && found && tupleOf(found, columns) === now ? NOTHING : now;
}

function tupleOf(values: readonly RowValue[], columns: readonly number[]): string | undefined {
  const parts: string[] = [];
  for (const i of columns) {
    const value = values[i];
    if (value === null || value === undefined || value === MASKED) return NOTHING;
    parts.push(comparable(value));
  }
  return JSON.stringify(parts);
}

/**
 * Values that any comparison of the engines (affinity, NOCASE, RTRIM, numeric) may call equal get one text. Calling too
 * much equal only orders more than is needed.
 */
function comparable(value: Exclude<RowValue, null | typeof MASKED>): string {
  if (typeof value === 'bigint') return String(Number(value));
  if (typeof value === 'number') return String(value);
  const bytes = value instanceof TextBytes ? value.bytes : value;
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
  const trimmed = text.trimEnd();
  const number = trimmed === '' ? NaN : Number(trimmed);
  return Number.isNaN(number) ? trimmed.toLowerCase() : String(number);
}
