import { isCustodyError } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { deltaOf, type Delta } from '../objects/delta.ts';
import type { Digest } from '../objects/digest.ts';
import { readContent } from '../objects/file.ts';
import { decodeKind, decodeObject, linksOf, type AnyObject, type ObjectOf } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { resultOf } from '../objects/walk.ts';
import { Lists } from './lists.ts';

/** A rehearsal with everything it cites, decoded, for the checks. Deltas are recomputed from the snapshots' rows. */
export interface Evidence {
  readonly id: Digest;
  readonly rehearsal: ObjectOf<'rehearsal'>;
  readonly plan: ObjectOf<'plan'>;
  readonly validator: ObjectOf<'validator'>;
  readonly objects: MemoryObjects;
  readonly lists: Lists;
  /** From the before-state to another one. Throws what a malformed Merkle map throws. */
  readonly delta: (after: Link) => Delta;
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
  const findings = readAll(nodeLink(id), objects, (digest, object) => lists.add(digest, object));
  if (findings.length > 0) return findings;
  const plan = attempt('plan', () => {
    const decoded = decodeKind('plan', objects.get(rehearsal.plan.digest));
    resultOf(readContent(decoded.document), objects.get);
    return decoded;
  });
  const validator = attempt('validator', () =>
    decodeKind('validator', objects.get(rehearsal.validator.digest)),
  );
  if ('code' in plan || 'code' in validator)
    return [plan, validator].flatMap((part) => ('code' in part ? [part] : []));
  const known = new Map<Digest, Delta>();
  const delta = (after: Link): Delta => {
    const found = known.get(after.digest) ?? resultOf(deltaOf(rehearsal.entry, after), objects.get);
    known.set(after.digest, found);
    return found;
  };
  return { id, rehearsal, plan: plan.value, validator: validator.value, objects, lists, delta };
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
