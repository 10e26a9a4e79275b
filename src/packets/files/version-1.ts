import { jsonFile } from '../../objects/json.ts';
import { decodeEither, decodeKind, type FirstOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { rowChanges } from './changes.ts';
import { contentBytes, type GetSync, type PacketFiles } from './content.ts';
import { firstReadme } from './version-1-readme.ts';
import { damaged } from './material.ts';
import { describeBack } from './moved-sequences.ts';

/**
 * The files of a packet of version 1. Nothing here changes any more: `verify` makes these files again for every rehearsal
 * of version 1 and compares them byte by byte.
 */
export function firstPacketFiles(
  rehearsal: Link,
  evidence: FirstOf<'rehearsal'>,
  verdict: Link,
  get: GetSync,
): PacketFiles {
  const judgement = decodeKind('verdict', get(verdict.digest));
  const validator = decodeKind('validator', get(judgement.validator.digest));
  const plan = decodeEither('plan', get(evidence.plan.digest));
  if (plan.v !== 1) throw damaged(evidence.plan, 'a rehearsal of version 1 has a plan of version 1');
  return new Map<string, string | Uint8Array>([
    [
      'README.md',
      firstReadme({
        rehearsal,
        evidence,
        plan: plan.first,
        verdict: judgement,
        back: (link) => describeBack(evidence.entry, link, judgement.accepted, get),
      }),
    ],
    ['plan.yaml', contentBytes(plan.first.document, get)],
    ['executor.sql', contentBytes(evidence.executor.file, get)],
    ['validator.mjs', contentBytes(validator.file, get)],
    ['rehearsal.json', jsonFile({ id: rehearsal, ...evidence })],
    ['rehearsal-execution-evidence.json', jsonFile(firstExecutionEvidence(rehearsal, evidence))],
    ['row-changes.json', jsonFile(rowChanges(evidence, get))],
    ['verdict.json', jsonFile({ id: verdict, ...judgement })],
  ]);
}

/** The field names that other validators read, one entry a way back. */
function firstExecutionEvidence(rehearsal: Link, evidence: FirstOf<'rehearsal'>): unknown {
  return {
    rehearsal,
    entries: evidence.legs.map(({ leg, after, back }) => ({
      leg,
      before_hash: evidence.entry,
      after_apply_hash: after,
      after_rollback_hash: back,
      restored_match: back?.equals(evidence.entry) ?? false,
    })),
  };
}
