import { executionEvidence } from './execution-evidence.ts';
import { digestFromBytes } from '../../objects/digest.ts';
import { jsonFile } from '../../objects/json.ts';
import { decodeEither, decodeKind, type FirstOf, type ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { rowChanges } from './changes.ts';
import { contentBytes, type GetSync, type PacketFiles } from './content.ts';
import { markdownText, section, tableOf } from './markdown.ts';
import { damaged } from './material.ts';
import { describeBack } from './moved-sequences.ts';
import { changedTables, findingLine, LEG_STEPS, relaxed } from './readme.ts';

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
    ['rehearsal-execution-evidence.json', executionEvidence(rehearsal, evidence)],
    ['row-changes.json', jsonFile(rowChanges(evidence, get))],
    ['verdict.json', jsonFile({ id: verdict, ...judgement })],
  ]);
}

export interface FirstReadmeParts {
  readonly rehearsal: Link;
  readonly evidence: FirstOf<'rehearsal'>;
  readonly plan: FirstOf<'plan'>;
  readonly verdict: ObjectOf<'verdict'>;
  /** What to say of the state after a leg's way back. */
  readonly back: (back: Link | null) => string;
}

/**
 * README.md of a packet of version 1: the verdict first, then what changed, what was not compared and why, and the ways
 * back. Names and words of the plan, the source and the script are shown as text: they can form no Markdown of their own.
 */
export function firstReadme({ rehearsal, evidence, plan, verdict, back }: FirstReadmeParts): string {
  const { before, after } = evidence.executor;
  const same = digestFromBytes(before) === digestFromBytes(after);
  const marker = plan.source.marker === null ? '' : ` (${markdownText(plan.source.marker)})`;
  return [
    `# Rehearsal ${verdict.accepted ? 'accepted' : 'REJECTED'}: ${markdownText(plan.name)}`,
    '',
    `Verdict: **${verdict.accepted ? 'accepted' : 'rejected'}** by validator \`${verdict.validator.digest}\``,
    `Rehearsal: \`${rehearsal.digest}\` · engine ${evidence.engine} · source: ${plan.source.kind}${marker}`,
    '',
    ...(plan.macro === null ? [] : [`Macro: ${markdownText(plan.macro)}`, '']),
    'A rehearsal runs on an isolated clone. It is not production execution and authorizes nothing: production stays on HOLD.',
    '',
    ...changedTables(evidence.delta),
    ...relaxed(plan, 'ROLLBACK'),
    ...tableOf(
      ['leg', 'way back', 'ended', 'before-state'],
      evidence.legs.map(({ leg, ended, back: link }) => [leg, LEG_STEPS[leg], ended, back(link)]),
    ),
    ...section('Findings:', verdict.findings.map(findingLine)),
    `Executor: \`sha256:${digestFromBytes(before)}\`, the same before and after: ${same ? 'yes' : 'no'}`,
    '',
    'Check this folder with `sha256sum -c HASH_MANIFEST.txt`, or with `custody verify`.',
    '',
  ].join('\n');
}
