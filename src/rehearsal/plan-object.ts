import { CustodyError, isCustodyError } from '../errors.ts';
import { digestToBytes, type Digest } from '../objects/digest.ts';
import { storeContent } from '../objects/file.ts';
import type { Link } from '../objects/link.ts';
import { putObject, type ObjectSink } from '../objects/sink.ts';
import type { Plan } from './plan.ts';

/**
 * Writes the `plan` object: what the plan says, without the paths of this machine, and a link to the file's bytes. The
 * validator judges by it.
 * @throws CustodyError PLAN_INVALID when it is too large for one object.
 * @param executor the digest of the script that is rehearsed: from here on it is pinned.
 */
export function putPlan(plan: Plan, executor: Digest, sink: ObjectSink): Link {
  try {
    return encodePlan(plan, executor, sink);
  } catch (cause) {
    if (!isCustodyError(cause, 'OBJECT_TOO_LARGE')) throw cause;
    throw new CustodyError('PLAN_INVALID', 'the plan is larger than one object may be (1 MiB)', {
      cause,
      path: plan.path,
      hint: 'Shorten its preflight, or split it into several plans.',
    });
  }
}

function encodePlan(plan: Plan, executor: Digest, sink: ObjectSink): Link {
  return putObject(sink, {
    kind: 'plan',
    v: 1,
    name: plan.name,
    engine: plan.engine,
    document: storeContent(sink, plan.document),
    source: {
      kind: plan.source.kind,
      marker: plan.source.marker ?? null,
      sha256: plan.source.sha256 === undefined ? null : digestToBytes(plan.source.sha256),
    },
    macro: plan.macro ?? null,
    timeLimit: plan.timeLimit,
    executor: digestToBytes(executor),
    session: plan.session.map(([k, v]) => [k, v]),
    preflight: plan.preflight.map(({ name, sql, expect }) => ({ name, sql, expect })),
    boundary: { mode: 'insert-only', tables: [...plan.tables] },
    delta: plan.delta.map(({ table, inserted, updated, deleted }) => ({ table, inserted, updated, deleted })),
    masked: plan.clock.map(({ table, column, reason }) => ({ table, column, reason })),
    bounded: plan.bounded.map(({ effect, name, reason }) => ({ effect, name, reason })),
    legs: [...plan.legs],
  });
}
