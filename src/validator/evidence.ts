import { isCustodyError } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { deltaOf, type Delta } from '../objects/snapshots/delta.ts';
import type { Digest } from '../objects/digest.ts';
import { contentDigest } from '../objects/file.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { planDocument, profileDocument, type JudgedPlan } from '../rules/judged.ts';
import { planForm } from '../rules/plan-form.ts';
import type { PlanDocument } from '../rules/plan-schema.ts';
import type { ProfileDocument } from '../rules/profile-schema.ts';
import { resultOf } from '../objects/walk.ts';

/** Where evidence is had from, by digest. */
export interface Objects {
  /** Bytes that were hashed. @throws CustodyError OBJECT_MISSING, with the digest as its path. */
  readonly get: (digest: Digest) => Uint8Array;
}

/**
 * A rehearsal with what it cites, decoded, for the checks. Deltas are recomputed from the snapshots' rows. Nothing else is
 * asked for than what a check looks at: whether the rest is there and sound is level `objects`.
 */
export interface Evidence {
  readonly id: Digest;
  readonly rehearsal: ObjectOf<'rehearsal'>;
  readonly plan: JudgedPlan;
  /** What the plan says, word for word. */
  readonly document: PlanDocument;
  /** What the plan's profile says, where it has one. */
  readonly profile: ProfileDocument | null;
  readonly validators: readonly ObjectOf<'validator'>[];
  readonly probes: ObjectOf<'probes'> | null;
  readonly objects: Objects;
  /** From the before-state to another one. Throws what a malformed Merkle map throws. */
  readonly delta: (after: Link) => Delta;
  /** SHA-256 of a whole content, as its link or its `file` object says it. */
  readonly digest: (content: Link) => Digest;
}

/** Reads what the rehearsal names. @returns findings instead where that is not there or does not decode: all of them. */
export function gather(id: Digest, objects: Objects): Evidence | Finding[] {
  const root = attempt('rehearsal', () => decodeKind('rehearsal', objects.get(id), id));
  if ('code' in root) return [root];
  const rehearsal = root.value;
  const faults: Finding[] = [];
  const read = <T>(path: string, work: () => T): T | undefined => {
    const result = attempt(path, work);
    if (!('code' in result)) return result.value;
    faults.push(result);
    return undefined;
  };
  const plan = read('plan', () => decodeKind('plan', objects.get(rehearsal.plan.digest)));
  const document = plan && read('plan/document', () => planDocument(plan, objects.get));
  const profile = plan?.profile && read('plan/profile', () => profileDocument(plan.profile!, objects.get));
  const validators = rehearsal.validators.map(({ digest }, i) =>
    read(`validators/${i}`, () => decodeKind('validator', objects.get(digest))),
  );
  const probes =
    rehearsal.probes && read('probes', () => decodeKind('probes', objects.get(rehearsal.probes!.digest)));
  if (faults.length > 0 || !plan || !document) return faults;
  return {
    id,
    rehearsal,
    plan: { ...planForm(document), ...plan },
    document,
    profile: profile ?? null,
    validators: validators.filter((validator) => validator !== undefined),
    probes: probes ?? null,
    objects,
    delta: once((after) => resultOf(deltaOf(rehearsal.entry, after), objects.get)),
    digest: once((content) => resultOf(contentDigest(content), objects.get)),
  };
}

function once<T>(work: (link: Link) => T): (link: Link) => T {
  const known = new Map<string, T>();
  return (link) => {
    const name = `${link.codec} ${link.digest}`;
    if (!known.has(name)) known.set(name, work(link));
    return known.get(name)!;
  };
}

/** Runs `work`; a fault of stored bytes becomes a finding. */
export function attempt<T>(path: string, work: () => T): { readonly value: T } | Finding {
  try {
    return { value: work() };
  } catch (error) {
    return asFinding(error, path);
  }
}

/** A fault of stored bytes as a finding; a bug of ours stays an error, and the process then ends without a judgement. */
export function asFinding(error: unknown, path: string): Finding {
  if (!isCustodyError(error) || error.code === 'INTERNAL') throw error;
  const said = `${error.code}: ${error.message}`;
  // One that lacks is named once, however many look for it.
  if (error.code === 'OBJECT_MISSING')
    return finding('DIGEST_ABSENT', error.path === undefined ? path : `objects/${error.path}`, said);
  return finding('EVIDENCE_MALFORMED', path, said);
}
