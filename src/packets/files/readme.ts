import { causesFirst } from '../../finding.ts';
import { digestFromBytes } from '../../objects/digest.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import { section, tableOf, markdownText } from './markdown.ts';
import type { Material } from './material.ts';
import { describeBack } from './moved-sequences.ts';
import { surfaceSection } from './profile-files.ts';

/** How each leg comes back. */
export const LEG_STEPS = {
  T: 'BEGIN, apply, ROLLBACK',
  R: 'apply, COMMIT, restore the image',
  S: 'apply, COMMIT, rollback script',
} as const;

/**
 * README.md of a rehearsal's packet: the verdict first, then what changed, the ways back, and what was not compared and
 * why. Names and words of the plan, the source and the scripts are shown as text: they can form no Markdown of their own.
 */
export function packetReadme(material: Material): string {
  const { id, rehearsal, plan, accepted } = material;
  const marker = plan.source.marker === null ? '' : ` (${markdownText(plan.source.marker)})`;
  return [
    `# Rehearsal ${accepted ? 'accepted' : 'REJECTED'}: ${markdownText(plan.name)}`,
    '',
    ...verdicts(material),
    `Rehearsal: \`${id.digest}\` · engine ${rehearsal.engine} · source: ${plan.source.kind}${marker}`,
    '',
    ...(plan.macro === null ? [] : [`Macro: ${markdownText(plan.macro)}`, '']),
    'A rehearsal runs on an isolated clone. It is not production execution and authorizes nothing: production stays on HOLD.',
    '',
    ...(rehearsal.trigger === null
      ? []
      : [`Rollback trigger: **${rehearsal.trigger}**. What follows it was not run.`, '']),
    ...preflight(material),
    ...changedTables(rehearsal.delta),
    ...waysBack(material),
    ...postconditions(material),
    ...declared(plan),
    ...section(
      'Findings:',
      material.judgements.flatMap(({ verdict, validator }) =>
        causesFirst(verdict.findings).map(
          (found) => `${findingLine(found)} (${markdownText(validator.name)})`,
        ),
      ),
    ),
    ...approval(plan),
    scriptLine('Executor', rehearsal.executor),
    ...(rehearsal.rollback ? [scriptLine('Rollback script', rehearsal.rollback)] : []),
    '',
    ...section(
      'Isolation that was proven:',
      rehearsal.isolation.filter(({ holds }) => holds).map(({ assertion }) => markdownText(assertion)),
    ),
    ...section(
      'Isolation that was NOT proven, and is not claimed:',
      rehearsal.isolation.filter(({ holds }) => !holds).map(({ assertion }) => markdownText(assertion)),
    ),
    ...surfaceSection(material),
    ...HOW_TO_CHECK,
  ].join('\n');
}

const HOW_TO_CHECK = [
  '## Check it, run it again',
  '',
  '- `sha256sum -c HASH_MANIFEST.txt`, or `custody verify .`: is every byte as it was sealed?',
  '- `sh commands.sh`: the whole rehearsal again, validators and probes included; ends in OVERALL PASS or OVERALL FAIL.',
  '- `sh RERUN.sh`: the rehearsal again, and the seal of what comes out compared with the seal of this folder.',
  '',
  'The scripts need `custody`, a POSIX shell and coreutils, and change nothing here. `CUSTODY=/path/to/custody` names another one.',
  '',
];

function verdicts({ judgements }: Material): string[] {
  return [
    ...judgements.map(
      ({ verdict, validator, sha256, validatorFile }) =>
        `Verdict: **${verdict.accepted ? 'accepted' : 'rejected'}** by validator ${markdownText(validator.name)}, ${markdownText(validatorFile)} with SHA-256 \`${sha256}\`  `,
    ),
  ];
}

/** The cause of most refusals stands before what follows from it. */
function preflight({ rehearsal, plan }: Material): string[] {
  if (plan.preflight.length === 0) return [];
  return tableOf(
    ['preflight', 'expected', 'found'],
    plan.preflight.map(({ name, expect }, i) => {
      const answer = rehearsal.preflight[i];
      return [name, expect, answer ? `${answer.actual}${answer.ok ? '' : ' (NOT MET)'}` : 'not asked'];
    }),
  );
}

function waysBack({ rehearsal, accepted, get }: Material): string[] {
  return [
    ...tableOf(
      ['leg', 'way back', 'ended', 'before-state'],
      rehearsal.legs.map(({ leg, ended, trigger, back }) => [
        leg,
        LEG_STEPS[leg],
        trigger === null ? ended : `${ended}: ${trigger}`,
        describeBack(rehearsal.entry, back, accepted, get),
      ]),
    ),
    ...section(
      'Clones whose state was not known at the end; they were taken out of use:',
      rehearsal.legs.filter(({ quarantined }) => quarantined).map(({ leg }) => `leg ${leg}`),
    ),
  ];
}

function postconditions({ rehearsal, plan }: Material): string[] {
  if (plan.postconditions.length === 0) return [];
  return tableOf(
    ['postcondition', 'expected', 'when', 'before', ...rehearsal.legs.map(({ leg }) => `leg ${leg}`)],
    plan.postconditions.map(({ name, expect, at }, i) => [
      name,
      expect ?? 'as before',
      at === 'back' ? 'after the way back' : 'while applied',
      rehearsal.baseline[i]?.actual ?? 'not asked',
      ...rehearsal.legs.map(({ postconditions: answers }) => {
        const answer = answers[i];
        return answer?.actual == null ? 'not asked' : `${answer.actual}${answer.ok ? '' : ' (NOT MET)'}`;
      }),
    ]),
  );
}

function declared(plan: ObjectOf<'plan'>): string[] {
  return [
    ...section(
      'The change may do more than insert, because the plan allows it:',
      plan.boundary.allow.map(
        ({ action, table, reason }) => `${action} ${markdownText(table)}: ${markdownText(reason)}`,
      ),
    ),
    ...relaxed(plan, 'the way back'),
  ];
}

export function changedTables(delta: ObjectOf<'rehearsal'>['delta']): string[] {
  return tableOf(
    ['table', 'inserted', 'updated', 'deleted'],
    delta.map((d) => [d.table, String(d.inserted), String(d.updated), String(d.deleted)]),
  );
}

/** @param after what a bounded effect outlasts. */
export function relaxed(
  { masked, bounded }: Pick<ObjectOf<'plan'>, 'masked' | 'bounded'>,
  after: string,
): string[] {
  return [
    ...section(
      'Not compared between the legs, because the plan declares it (comparisons with the before-state are never relaxed):',
      masked.map(
        ({ table, column, reason }) =>
          `new values of ${markdownText(table)}.${markdownText(column)}: ${markdownText(reason)}`,
      ),
    ),
    ...section(
      `May stay moved after ${after}, because the plan declares it:`,
      bounded.map(({ effect, name, reason }) => `${effect} ${markdownText(name)}: ${markdownText(reason)}`),
    ),
  ];
}

export function findingLine({ code, path, detail }: ObjectOf<'verdict'>['findings'][number]): string {
  return `${markdownText(code)} at ${markdownText(path)}: ${markdownText(detail)}`;
}

function approval({ approval: approved }: ObjectOf<'plan'>): string[] {
  if (!approved) return ['Approval: none is pinned in the plan.', ''];
  const where = approved.reference === null ? '' : ` (${markdownText(approved.reference)})`;
  return [
    `Approval: the plan says that ${markdownText(approved.by)} approved the package${where} with executor \`sha256:${digestFromBytes(approved.executor)}\`. It is not signed.`,
    '',
  ];
}

function scriptLine(what: string, { before, after }: ObjectOf<'rehearsal'>['executor']): string {
  const same = digestFromBytes(before) === digestFromBytes(after);
  return `${what}: \`sha256:${digestFromBytes(before)}\`, the same before and after: ${same ? 'yes' : 'NO'}  `;
}
