import { isCustodyError } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { deltaOf, type Delta } from '../objects/snapshots/delta.ts';
import type { Digest } from '../objects/digest.ts';
import { contentDigest, readContent, readWhole } from '../objects/file.ts';
import { MAX_DOCUMENT, readCanonicalJson } from '../objects/json.ts';
import { decodeKind, decodeObject, linksOf, type AnyObject, type ObjectOf } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { readAs } from '../rules/declare.ts';
import { PLAN_SCHEMA, type PlanDocument } from '../rules/plan-schema.ts';
import { PROFILE_SCHEMA, type ProfileDocument } from '../rules/profile-schema.ts';
import { driveSync, resultOf } from '../objects/walk.ts';
import { Lists } from './lists.ts';

/** A rehearsal with everything it cites, decoded, for the checks. Deltas are recomputed from the snapshots' rows. */
export interface Evidence {
  readonly id: Digest;
  readonly rehearsal: ObjectOf<'rehearsal'>;
  readonly plan: ObjectOf<'plan'>;
  /** What the plan says, read again. */
  readonly document: PlanDocument;
  /** What the plan's profile says, where it has one. */
  readonly profile: ProfileDocument | null;
  readonly validators: readonly ObjectOf<'validator'>[];
  readonly probes: ObjectOf<'probes'> | null;
  readonly objects: MemoryObjects;
  readonly lists: Lists;
  /** From the before-state to another one. Throws what a malformed Merkle map throws. */
  readonly delta: (after: Link) => Delta;
  /** SHA-256 of a whole content, each read once. Throws what {@link readContent} throws. */
  readonly digest: (content: Link) => Digest;
}

/**
 * Gathers the evidence: every object that the rehearsal reaches must be there, hash to its name (objects are hashed as
 * they come in) and decode. @returns findings instead where that does not hold: all of them.
 */
export function gather(id: Digest, objects: MemoryObjects): Evidence | Finding[] {
  const root = attempt('rehearsal', () => decodeKind('rehearsal', objects.get(id), id));
  if ('code' in root) return [root];
  const rehearsal = root.value;
  const lists = new Lists(rehearsal.engine, objects);
  const missing = readAll(nodeLink(id), objects, (digest, object) => lists.add(digest, object));
  if (missing.length > 0) return missing;

  const faults: Finding[] = [];
  const read = <T>(path: string, work: () => T): T | undefined => {
    const result = attempt(path, work);
    if (!('code' in result)) return result.value;
    faults.push(result);
    return undefined;
  };
  const plan = read('plan', () => decodeKind('plan', objects.get(rehearsal.plan.digest)));
  const document =
    plan && read('plan/document', () => readAs(PLAN_SCHEMA, jsonOf(plan.document, objects), 'plan'));
  const profile =
    plan?.profile &&
    read('plan/profile', () => readAs(PROFILE_SCHEMA, jsonOf(plan.profile!.document, objects), 'profile'));
  const validators = rehearsal.validators.map(({ digest }, i) =>
    read(`validators/${i}`, () => decodeKind('validator', objects.get(digest))),
  );
  const probes =
    rehearsal.probes && read('probes', () => decodeKind('probes', objects.get(rehearsal.probes!.digest)));
  if (faults.length > 0 || !plan || !document) return faults;
  return {
    id,
    rehearsal,
    plan,
    document,
    profile: profile ?? null,
    validators: validators.filter((validator) => validator !== undefined),
    probes: probes ?? null,
    objects,
    lists,
    delta: once((after) => resultOf(deltaOf(rehearsal.entry, after), objects.get)),
    digest: once((content) => checkedDigest(content, objects)),
  };
}

/** Every object below `root` once as what its links say it is: raw bytes, or an object of ours. */
function readAll(
  root: Link,
  objects: MemoryObjects,
  visit: (digest: Digest, object: AnyObject) => void,
): Finding[] {
  const findings: Finding[] = [];
  const seen = { raw: new Set<Digest>(), 'dag-cbor': new Set<Digest>() };
  const stack = [root];
  for (let link = stack.pop(); link; link = stack.pop()) {
    const { digest, codec } = link;
    if (seen[codec].has(digest)) continue;
    seen[codec].add(digest);
    const read = attempt(`objects/${digest}`, () => {
      const bytes = objects.get(digest);
      if (codec === 'raw') return;
      const object = decodeObject(bytes);
      visit(digest, object);
      stack.push(...linksOf(object));
    });
    if ('code' in read) findings.push(read);
  }
  return findings;
}

function jsonOf(content: Link, objects: MemoryObjects): unknown {
  const [bytes] = driveSync(readWhole(content, MAX_DOCUMENT), objects.get);
  return readCanonicalJson(bytes!);
}

/** Raw bytes were hashed when they came in, and are their own digest; of a `file` the chunks are. */
function checkedDigest(content: Link, { get }: MemoryObjects): Digest {
  resultOf(readContent(content), get);
  return resultOf(contentDigest(content), get);
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
  const code = error.code === 'OBJECT_MISSING' ? 'DIGEST_ABSENT' : 'EVIDENCE_MALFORMED';
  return finding(code, path, `${error.code}: ${error.message}`);
}
