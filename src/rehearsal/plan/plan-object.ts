import { CustodyError, isCustodyError } from '../../errors.ts';
import { digestToBytes, type Digest } from '../../objects/digest.ts';
import { storeContent } from '../../objects/file.ts';
import type { Link } from '../../objects/link.ts';
import { putObject, type ObjectSink } from '../../objects/sink.ts';
import type { Plan } from './plan.ts';
import type { Profile } from './profile.ts';

/** What the plan only names: from here on it is pinned. */
export interface PlanUses {
  /** Digests of the scripts, their includes expanded. */
  readonly executor: Digest;
  readonly rollback: Digest | undefined;
  readonly profile: Pick<Profile, 'bytes' | 'json'> | undefined;
}

/**
 * Writes the `plan` object: what the plan says, without the paths of this machine, the document that it says it in, and
 * the file as it was written. The
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
    v: 3,
    document: storeContent(sink, plan.json),
    written: storeContent(sink, plan.written),
    profile: used.profile
      ? { document: storeContent(sink, used.profile.json), written: storeContent(sink, used.profile.bytes) }
      : null,
    executor: digestToBytes(used.executor),
    rollback: used.rollback === undefined ? null : digestToBytes(used.rollback),
    ...plan.form,
  });
}
