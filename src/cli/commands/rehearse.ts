import { defineCommand } from '../command.ts';
import { findingLines, printable, table } from '../text.ts';
import { checkMessage, writing, writingOptions } from '../writing.ts';

export const command = defineCommand({
  usage: 'rehearse <plan>',
  about:
    'Runs a plan on an isolated clone: captures the before-state twice, applies the change and rolls it back (leg T), applies\nand commits it and restores the image (leg R), captures after each step, lets the pinned validator judge in a process of\nits own, and commits plan, evidence, verdict and packet. Exit 0: accepted. 1: rejected (recorded, with findings).\n3: refused before the change ran (preflight, boundary, SQL that does not parse); the ledger stays as it was.',
  examples: [
    ['custody rehearse plan.yaml', 'rehearse and record'],
    ['custody rehearse plan.yaml --out packet', 'write the sealed packet into a folder too'],
  ],
  options: (y) =>
    writingOptions(
      y
        .positional('plan', {
          type: 'string',
          demandOption: true,
          describe: 'a plan (YAML; SPEC.md, "Plans")',
        })
        .option('out', {
          type: 'string',
          requiresArg: true,
          describe: 'an empty or new folder for the packet',
        }),
    ),
  async run(args, context) {
    const { rehearsePlan } = await import('../../workflows/rehearse.ts');
    const common = writing(args, context);
    await using ledger = await context.openLedger();
    const result = await rehearsePlan(ledger, context.path(args.plan), {
      ...common,
      ...(args.message !== undefined && { message: checkMessage(args.message) }),
      ...(args.out !== undefined && { out: context.path(args.out) }),
      progress: context.progress,
    }).finally(() => context.progressDone());
    context.print(result, () =>
      [
        result.accepted ? 'ACCEPTED: both ways back give the before-state' : 'REJECTED',
        ...table(
          result.delta.map((d) => [
            `  ${printable(d.table)}`,
            `+${d.inserted}`,
            `~${d.updated}`,
            `-${d.deleted}`,
          ]),
        ),
        ...result.legs.map(
          ({ leg, ended, exact, bounded }) =>
            `  leg ${leg}  ${ended.padEnd(11)}  ${exact ? 'before-state back, exactly' : result.accepted ? `before-state back, but for the declared sequence ${printable(bounded.join(', '))}` : 'before-state differs'}`,
        ),
        ...findingLines(result.findings),
        `  rehearsal  ${result.rehearsal}`,
        `  before     ${result.before}`,
        ...(result.after === null ? [] : [`  after      ${result.after}`]),
        `  seal       ${result.seal}`,
        `  recorded as @${result.record}`,
        '',
      ].join('\n'),
    );
    context.warnUnsigned(result.signed);
    return result.accepted ? 0 : 1;
  },
});
