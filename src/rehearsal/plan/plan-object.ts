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
  /** The script of the profile's surrogate. */
  readonly surrogate: Uint8Array | undefined;
}

/** Writes the `plan` object: the document that a plan is judged by, and the file as it was written. */
export function putPlan(plan: Plan, used: PlanUses, sink: ObjectSink): Link {
  return putObject(sink, {
    kind: 'plan',
    v: 4,
    document: storeContent(sink, plan.json),
    written: storeContent(sink, plan.written),
    profile: used.profile
      ? {
          document: storeContent(sink, used.profile.json),
          written: storeContent(sink, used.profile.bytes),
          surrogate: used.surrogate ? storeContent(sink, used.surrogate) : null,
        }
      : null,
    executor: digestToBytes(used.executor),
    rollback: used.rollback === undefined ? null : digestToBytes(used.rollback),
  });
}
