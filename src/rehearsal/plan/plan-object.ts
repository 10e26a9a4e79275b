import { CustodyError, isCustodyError } from '../../errors.ts';
import { digestToBytes, type Digest } from '../../objects/digest.ts';
import { storeContent } from '../../objects/file.ts';
import type { Link } from '../../objects/link.ts';
import { putObject, type ObjectSink } from '../../objects/sink.ts';
import type { Plan } from './plan.ts';

/** What the plan only names: from here on it is pinned. */
export interface PlanUses {
  /** Digests of the scripts, their includes expanded. */
  readonly executor: Digest;
  readonly rollback: Digest | undefined;
  /** The profile's bytes. */
  readonly profile: Uint8Array | undefined;
}

/**
 * Writes the `plan` object: what the plan says, without the paths of this machine, and a link to the file's bytes. The
 * validator judges by it.
 * @throws CustodyError PLAN_INVALID when it is too large for one object.
 */
export function putPlan(plan: Plan, used: PlanUses, sink: ObjectSink): Link {
  try {
    return encodePlan(plan, used, sink);
  } catch (cause) {
    if (!isCustodyError(cause, 'OBJECT_TOO_LARGE')) throw cause;
    throw new CustodyError('PLAN_INVALID', 'the plan is larger than one object may be (1 MiB)', {
      cause,
      path: plan.path,
      hint: 'Shorten its preflight, or split it into several plans.',
    });
  }
}

function encodePlan(plan: Plan, used: PlanUses, sink: ObjectSink): Link {
  return putObject(sink, {
    kind: 'plan',
    v: 2,
    document: storeContent(sink, plan.document),
    profile: used.profile ? storeContent(sink, used.profile) : null,
    executor: digestToBytes(used.executor),
    rollback: used.rollback === undefined ? null : digestToBytes(used.rollback),
    ...plan.form,
  });
}
