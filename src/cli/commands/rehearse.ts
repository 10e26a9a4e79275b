import type { CheckResult } from '../../workflows/check-plan.ts';
import type { RehearseResult } from '../../workflows/rehearse.ts';
import { defineCommand } from '../command.ts';
import { exitCodeOf } from '../exit-code.ts';
import { ledgerFor } from '../optional-ledger.ts';
import { probing } from '../probing.ts';
import { errorDocument, whereAndWhat } from '../report-error.ts';
import { findingLines, findingsBy, notShownLines, plural, printable, table } from '../text.ts';
import { checkMessage, writing, writingOptions } from '../writing.ts';
import { flag, value, word } from '../options.ts';

export const command = defineCommand({
  about:
    'Runs a plan on an isolated clone: captures the before-state twice, applies the change and rolls it back (leg T), applies\nand commits it and restores the image (leg R), or takes it back by a rollback script (leg S), captures after each step,\nlets the pinned validators judge in processes of their own, and commits plan, evidence, verdicts and packet.\nExit 0: accepted. 1: rejected (recorded, with findings). 3: refused before the change ran; where a gate or the approval\nrefused it, that is recorded, else the ledger stays as it was.',
  examples: [
    ['custody rehearse plan.yaml --check', 'name everything that would be refused; runs nothing'],
    ['custody rehearse plan.yaml', 'rehearse and record'],
    ['custody rehearse plan.yaml --out packet', 'write the sealed packet into a folder too'],
  ],
  options: (y) =>
    writingOptions(
      y
        .positional('plan', word('a plan (YAML; spec/REHEARSAL.md, "Plans")'))
        .option('check', flag('run nothing, record nothing: name everything that would be refused'))
        .option(
          'unsandboxed',
          flag('run a foreign validator without a sandbox where none is granted (recorded)'),
        )
        .option('out', value('an empty or new folder for the packet')),
    ),
  async run(args, context) {
    if (args.check) {
      const { checkPlanFile } = await import('../../workflows/check-plan.ts');
      const { signal, progress } = context;
      const { author, lane } = writing(args, context);
      const { message = '' } = args;
      await using ledger = await ledgerFor(context);
      const checked = await checkPlanFile(ledger, context.path(args.plan), {
        signal,
        progress,
        unsandboxed: args.unsandboxed,
        words: { message: checkMessage(message), author, lane },
        ...(args.out !== undefined && { out: context.path(args.out) }),
      }).finally(() => context.progressDone());
      const refusals = checked.refusals.map(errorDocument);
      context.print({ ...checked, refusals, ledger: ledger?.folder ?? null }, () => checkText(checked));
      if (!ledger)
        context.warn('No ledger is here: what its policy requires was not looked at. Run custody init.');
      return checked.refusals[0] ? exitCodeOf(checked.refusals[0]) : 0;
    }
    const { rehearsePlan } = await import('../../workflows/rehearse.ts');
    const common = writing(args, context);
    await using ledger = await context.openLedger();
    const result = await rehearsePlan(ledger, context.path(args.plan), {
      ...common,
      ...(args.message !== undefined && { message: checkMessage(args.message) }),
      ...(args.out !== undefined && { out: context.path(args.out) }),
      ...(args.unsandboxed && { unsandboxed: true }),
      probe: probing(context),
      progress: context.progress,
    }).finally(() => context.progressDone());
    context.print(result, () => rehearsalText(result, args.out));
    context.warnUnsigned(result.unsigned);
    // A trigger that fired before any leg: nothing was run.
    return result.trigger !== null ? 3 : result.accepted ? 0 : 1;
  },
});

function rehearsalText(result: RehearseResult, out: string | undefined): string {
  return [
    headline(result),
    ...table(
      result.delta.map((d) => [
        `  ${printable(d.table)}`,
        `+${d.inserted}`,
        `~${d.updated}`,
        `-${d.deleted}`,
      ]),
    ),
    ...result.legs.map((leg) => `  leg ${leg.leg}  ${leg.ended.padEnd(11)}  ${wayBack(leg, result)}`),
    ...findingLines(findingsBy(result.verdicts)),
    ...result.legs.flatMap(({ leg, quarantined }) =>
      quarantined === null ? [] : [`  the clone of leg ${leg} is kept: ${printable(quarantined)}`],
    ),
    ...notShownLines(result),
    `  rehearsal  ${result.rehearsal}`,
    `  before     ${result.before}`,
    ...(result.after === null ? [] : [`  after      ${result.after}`]),
    `  seal       ${result.seal}`,
    `  recorded as @${result.record}${out === undefined ? '' : `, packet in ${printable(out)}`}`,
    '',
  ].join('\n');
}

function headline({ accepted, trigger }: RehearseResult): string {
  if (trigger !== null) return `REFUSED (${trigger}): nothing was run`;
  return accepted ? 'ACCEPTED: every way back gives the before-state' : 'REJECTED';
}

function wayBack(
  { back, exact, bounded, trigger, quarantined }: RehearseResult['legs'][number],
  { accepted, before }: RehearseResult,
): string {
  const aborted = trigger === null ? '' : `${trigger}; `;
  if (quarantined !== null) return `${aborted}state unknown`;
  if (exact) return `${aborted}before-state back, exactly`;
  if (accepted) return `before-state back, but for the declared sequence ${printable(bounded.join(', '))}`;
  return `${aborted}before-state differs${back === null ? '' : `; custody diff ${before} ${back} shows where`}`;
}

function checkText({ ok, refusals, digests, approve }: CheckResult): string {
  return [
    ok
      ? 'nothing would be refused before it runs; nothing was run'
      : `${plural(refusals.length, 'thing')} would be refused; nothing was run`,
    ...refusals.flatMap((refusal) => [
      `  ${refusal.code}  ${whereAndWhat(refusal)}`,
      ...(refusal.hint === '' ? [] : [`      ${printable(refusal.hint)}`]),
    ]),
    ...digests.map(({ file, sha256 }) => `  ${sha256}  ${printable(file)}`),
    ...(approve ? [`  ${approve.executor}  approval.executor: what would run, includes expanded`] : []),
    ...(approve?.rollback ? [`  ${approve.rollback}  approval.rollback`] : []),
    '',
  ].join('\n');
}
