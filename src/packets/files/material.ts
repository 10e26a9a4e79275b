import type { Digest } from '../../objects/digest.ts';
import { contentDigest } from '../../objects/file.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { resultOf } from '../../objects/walk.ts';
import { judgedPlan, profileDocument, type JudgedPlan } from '../../rules/judged.ts';
import type { ProfileDocument } from '../../rules/profile-schema.ts';
import { verdictLinkName } from '../find-packet.ts';
import type { GetSync } from './content.ts';
import { validatorNames } from './file-names.ts';

/** One validator's verdict on the rehearsal. */
export interface PacketVerdict {
  readonly link: Link;
  readonly verdict: ObjectOf<'verdict'>;
  readonly validator: ObjectOf<'validator'>;
  /** Of the validator's file: its identity. */
  readonly sha256: Digest;
  /** Where the packet holds the validator's file. */
  readonly validatorFile: string;
}

/** A team's rules, and the digest by which a plan pins them: of the file that people wrote. */
export type PacketProfile = ProfileDocument & { readonly digest: Digest };

/** What the files of a packet are made from: objects alone, no clock, no lane, no path of this machine. */
export interface Material {
  readonly id: Link;
  readonly rehearsal: ObjectOf<'rehearsal'>;
  readonly plan: JudgedPlan;
  /** The team's rules, where the plan names a profile. */
  readonly profile: PacketProfile | undefined;
  /** In the order of the rehearsal's validators. */
  readonly judgements: readonly PacketVerdict[];
  /** Whether every validator that the rehearsal names has judged it, and each accepts. */
  readonly accepted: boolean;
  readonly get: GetSync;
}

/** @throws CustodyError what decoding throws. */
export function gatherMaterial(
  id: Link,
  rehearsal: ObjectOf<'rehearsal'>,
  verdicts: readonly Link[],
  get: GetSync,
): Material {
  const plan = judgedPlan(decodeKind('plan', get(rehearsal.plan.digest), rehearsal.plan.digest), get);
  const read = verdicts.map((link) => {
    const verdict = decodeKind('verdict', get(link.digest), link.digest);
    const validator = decodeKind('validator', get(verdict.validator.digest), verdict.validator.digest);
    return { link, verdict, validator, sha256: resultOf(contentDigest(validator.file), get) };
  });
  const names = validatorNames(read.map(({ validator, sha256 }) => ({ ...validator, sha256 })));
  const judgements = read.map((judgement, i) => ({ ...judgement, validatorFile: names[i]! }));
  const accepted =
    read.length === rehearsal.validators.length &&
    read.length > 0 &&
    read.every(
      ({ verdict }, i) =>
        verdict.accepted && verdict.subject.equals(id) && verdict.validator.equals(rehearsal.validators[i]!),
    );
  return { id, rehearsal, plan, profile: profileOf(plan, get), judgements, accepted, get };
}

function profileOf({ profile }: ObjectOf<'plan'>, get: GetSync): PacketProfile | undefined {
  if (!profile) return undefined;
  return { ...profileDocument(profile, get), digest: resultOf(contentDigest(profile.written), get) };
}

/** `verdict.json`, `verdict-2.json`, …; a packet object links them under the same names without the extension. */
export function verdictFileName(index: number): string {
  return `${verdictLinkName(index)}.json`;
}
