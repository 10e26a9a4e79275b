import { digestToBytes, parseDigest } from '../objects/digest.ts';
import { compareNames } from '../objects/names.ts';
import type { GateDocument, PlanDocument } from './plan-schema.ts';

/** What a plan says, without what it only names: profile and scripts. */
export type PlanForm = ReturnType<typeof planForm>;

/** Seconds. */
const DEFAULT_TIME_LIMIT = 60;

/**
 * The one form of a plan's document (spec/REHEARSAL.md, "Plans"): defaults written out, lists whose order means nothing sorted.
 * Runner and validator work by it.
 */
export function planForm(plan: PlanDocument) {
  const delta = Object.entries(plan.delta).map(([table, c]) => ({
    table,
    inserted: c.inserted ?? 0,
    updated: c.updated ?? 0,
    deleted: c.deleted ?? 0,
  }));
  const tables = [...(plan.boundary?.tables ?? delta.map(({ table }) => table))].sort(compareNames);
  const { approval } = plan;
  return {
    name: plan.name,
    engine: plan.engine,
    macro: plan.macro ?? null,
    actions: [...(plan.actions ?? [])].sort(compareNames),
    timeLimit: Math.max(1, Math.round((plan.timeLimit ?? DEFAULT_TIME_LIMIT) * 1000)),
    source: {
      kind: plan.source.kind,
      marker: plan.source.marker ?? null,
      sha256: hash(plan.source.sha256),
    },
    approval: approval
      ? {
          by: approval.by,
          reference: approval.reference ?? null,
          executor: digestToBytes(parseDigest(approval.executor)),
          rollback: hash(approval.rollback),
        }
      : null,
    session: Object.entries(plan.session ?? {}).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]),
    preflight: (plan.preflight ?? []).map(({ name, sql, expect }) => ({ name, sql, expect: String(expect) })),
    boundary: {
      tables,
      allow: (plan.boundary?.allow ?? [])
        .map(({ action, table, reason }) => ({ action, table, reason }))
        .sort(by(({ table, action }) => `${table}\0${action}`)),
    },
    delta: delta.sort(by(({ table }) => table)),
    postconditions: (plan.postconditions ?? []).map(({ name, sql, expect, at }) => ({
      name,
      sql,
      expect: expect === undefined ? null : String(expect),
      at: at ?? 'back',
    })),
    masked: (plan.clock ?? [])
      .map(({ table, column, reason }) => ({ table, column, reason }))
      .sort(by(({ table, column }) => `${table}\0${column}`)),
    bounded: (plan.bounded ?? [])
      .map(({ effect, name, reason }) => ({ effect, name, reason }))
      .sort(by(({ name }) => name)),
    legs: [...(plan.legs ?? (plan.rollback ? (['T', 'R', 'S'] as const) : (['T', 'R'] as const)))],
    isolation: [...(plan.isolation ?? [])].sort(compareNames),
  };
}

/** Those gates of a profile that a plan does not ask word for word. */
export function missingGates(
  demanded: readonly GateDocument[],
  { preflight }: Pick<PlanForm, 'preflight'>,
): GateDocument[] {
  return demanded.filter(
    ({ name, sql, expect }) =>
      !preflight.some((gate) => gate.name === name && gate.sql === sql && gate.expect === String(expect)),
  );
}

function hash(digest: string | undefined): Uint8Array | null {
  return digest === undefined ? null : digestToBytes(parseDigest(digest));
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => compareNames(key(a), key(b));
}
