import type { Digest } from '../objects/digest.ts';
import { readWhole } from '../objects/file.ts';
import { MAX_DOCUMENT, readCanonicalJson } from '../objects/json.ts';
import type { Link } from '../objects/link.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import { driveSync } from '../objects/walk.ts';
import { readAs } from './declare.ts';
import { planForm, type PlanForm } from './plan-form.ts';
import { PLAN_SCHEMA, type PlanDocument } from './plan-schema.ts';
import { PROFILE_SCHEMA, type ProfileDocument } from './profile-schema.ts';

type Get = (id: Digest) => Uint8Array;

/** A `plan` object and what its judged document says, in one form. */
export type JudgedPlan = ObjectOf<'plan'> & PlanForm;

/** @throws CustodyError OBJECT_NOT_CANONICAL, OBJECT_FIELD_*, OBJECT_MISSING, OBJECT_TOO_LARGE. */
export function planDocument({ document }: ObjectOf<'plan'>, get: Get): PlanDocument {
  return readAs(PLAN_SCHEMA, jsonOf(document, get), 'plan');
}

/** As {@link planDocument}. */
export function judgedPlan(plan: ObjectOf<'plan'>, get: Get): JudgedPlan {
  return { ...planForm(planDocument(plan, get)), ...plan };
}

/** As {@link planDocument}. */
export function profileDocument(
  { document }: NonNullable<ObjectOf<'plan'>['profile']>,
  get: Get,
): ProfileDocument {
  return readAs(PROFILE_SCHEMA, jsonOf(document, get), 'profile');
}

function jsonOf(content: Link, get: Get): unknown {
  const [bytes] = driveSync(readWhole(content, MAX_DOCUMENT), get);
  return readCanonicalJson(bytes!);
}
