import { digestFromBytes } from '../../objects/digest.ts';
import type { FirstOf, ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { section, tableOf, markdownText } from './markdown.ts';

export interface FirstReadmeParts {
  readonly rehearsal: Link;
  readonly evidence: FirstOf<'rehearsal'>;
  readonly plan: FirstOf<'plan'>;
  readonly verdict: ObjectOf<'verdict'>;
  /** What to say of the state after a leg's way back. */
  readonly back: (back: Link | null) => string;
}

const LEGS = {
  T: 'BEGIN, apply, ROLLBACK',
  R: 'apply, COMMIT, restore the image',
  S: 'apply, COMMIT, rollback script',
} as const;

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
    ...tableOf(
      ['table', 'inserted', 'updated', 'deleted'],
      evidence.delta.map((d) => [d.table, String(d.inserted), String(d.updated), String(d.deleted)]),
    ),
    ...section(
      'Not compared between the legs, because the plan declares it (comparisons with the before-state are never relaxed):',
      plan.masked.map(
        ({ table, column, reason }) =>
          `new values of ${markdownText(table)}.${markdownText(column)}: ${markdownText(reason)}`,
      ),
    ),
    ...section(
      'May stay moved after ROLLBACK, because the plan declares it:',
      plan.bounded.map(
        ({ effect, name, reason }) => `${effect} ${markdownText(name)}: ${markdownText(reason)}`,
      ),
    ),
    ...tableOf(
      ['leg', 'way back', 'ended', 'before-state'],
      evidence.legs.map(({ leg, ended, back: link }) => [leg, LEGS[leg], ended, back(link)]),
    ),
    ...section(
      'Findings:',
      verdict.findings.map(
        ({ code, path, detail }) => `${markdownText(code)} at ${markdownText(path)}: ${markdownText(detail)}`,
      ),
    ),
    `Executor: \`sha256:${digestFromBytes(before)}\`, the same before and after: ${same ? 'yes' : 'no'}`,
    '',
    'Check this folder with `sha256sum -c HASH_MANIFEST.txt`, or with `custody verify`.',
    '',
  ].join('\n');
}
