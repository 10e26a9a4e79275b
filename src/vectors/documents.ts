import { digestFromBytes } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { PlanForm } from '../rules/plan-form.ts';
import type { PlanDocument } from '../rules/plan-schema.ts';

/** An object that may be changed before it is encoded again. */
export type Mutable<T> = T extends Link | Uint8Array
  ? T
  : T extends readonly unknown[] | object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

/** The object of a plan, without what its document says. */
export function planObject({
  kind,
  v,
  document,
  written,
  profile,
  executor,
  rollback,
}: ObjectOf<'plan'>): ObjectOf<'plan'> {
  return { kind, v, document, written, profile, executor, rollback };
}

/**
 * The plan's document that says what a plan says, so that a vector which changes the one changes the other.
 * @param known what only the document has: names of files, digests of parts.
 */
export function documentOf(plan: PlanForm, known: Mutable<PlanDocument>): Mutable<PlanDocument> {
  const hex = (hash: Uint8Array): string => digestFromBytes(hash);
  const { approval } = plan;
  const document: Mutable<PlanDocument> = {
    ...known,
    name: plan.name,
    engine: plan.engine,
    actions: [...plan.actions],
    source: { file: known.source.file, kind: plan.source.kind },
    session: Object.fromEntries(plan.session),
    preflight: [...plan.preflight],
    boundary: { tables: [...plan.boundary.tables], allow: [...plan.boundary.allow] },
    delta: Object.fromEntries(plan.delta.map(({ table, ...counts }) => [table, counts])),
    postconditions: plan.postconditions.map(({ name, sql, expect, at }) => ({
      name,
      sql,
      ...(expect === null ? { unchanged: true as const } : { expect }),
      at,
    })),
    clock: [...plan.masked],
    bounded: [...plan.bounded],
    legs: [...plan.legs],
    isolation: [...plan.isolation],
    timeLimit: plan.timeLimit / 1000,
  };
  delete document.macro;
  delete document.approval;
  if (plan.macro !== null) document.macro = plan.macro;
  if (plan.source.marker !== null) document.source.marker = plan.source.marker;
  if (plan.source.sha256 !== null) document.source.sha256 = hex(plan.source.sha256);
  if (approval !== null) {
    document.approval = { by: approval.by, executor: hex(approval.executor) };
    if (approval.reference !== null) document.approval.reference = approval.reference;
    if (approval.rollback !== null) document.approval.rollback = hex(approval.rollback);
  }
  return document;
}
