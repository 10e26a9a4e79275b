import { defineCommand } from '../command.ts';
import { printable, table } from '../text.ts';
import { value, word } from '../options.ts';

export const command = defineCommand({
  about:
    "Runs a profile's probes: its plan as it is, which must be accepted, then each bad input through the whole command in a\nfolder and ledger of its own. Exit 0 only when every one failed closed with its own code, the control was allowed, and no\nforbidden claim appeared in any output or file.",
  examples: [
    ['custody probe profiles/team', 'all of them'],
    ['custody probe profiles/team --plan other.yaml', 'with another control plan under the same profile'],
  ],
  options: (y) =>
    y
      .positional('profile', word('a profile, or the folder of its profile.yaml'))
      .option('plan', value('the control plan')),
  async run(args, context) {
    const [{ controlPlan, openProfile }, { readPlan }, { runProbes }, { probeHeld: held }] =
      await Promise.all([
        import('../../rehearsal/plan/profile-folder.ts'),
        import('../../rehearsal/plan/plan.ts'),
        import('../probes.ts'),
        import('../../rules/probe-result.ts'),
      ]);
    const profile = await openProfile(context.path(args.profile));
    const { results } = await runProbes(profile, {
      run: context.runCommand,
      env: context.io.env,
      signal: context.signal,
      progress: context.progress,
      plan: await readPlan(args.plan === undefined ? controlPlan(profile) : context.path(args.plan)),
    }).finally(() => context.progressDone());
    const cases = results.filter(({ expected }) => expected !== null);
    const document = {
      ok: results.every(held),
      profile: profile.digest,
      failedClosed: cases.filter(held).length,
      of: cases.length,
      controlAllowed: results.some((result) => result.expected === null && held(result)),
      results: results.map((result) => ({ ...result, ok: held(result) })),
    };
    context.print(document, () =>
      [
        ...table(
          results.map((result) => [
            `  ${result.id}`,
            printable(result.name),
            held(result) ? (result.expected ?? 'allowed') : `NOT ${result.expected ?? 'ALLOWED'}`,
            result.ended,
            held(result) ? '' : printable([...result.codes, ...result.leaked].join(', ')),
          ]),
        ),
        `${document.failedClosed}/${document.of} fail closed, control ${document.controlAllowed ? 'allowed' : 'REFUSED'}`,
        '',
      ].join('\n'),
    );
    return document.ok ? 0 : 1;
  },
});
