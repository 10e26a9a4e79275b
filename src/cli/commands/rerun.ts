import { CustodyError } from '../../errors.ts';
import { parseDigest } from '../../objects/digest.ts';
import type { RerunResult } from '../../workflows/rerun.ts';
import { VERSION } from '../../system/own-package.ts';
import { describeDifference } from '../../workflows/rerun/describe.ts';
import { defineCommand } from '../command.ts';
import { probing } from '../probing.ts';
import { findingLines, plural, notShownLines, printable } from '../text.ts';
import { checkMessage, writing, writingOptions } from '../writing.ts';
import { flag, UNSANDBOXED, value, values } from '../options.ts';
import { type Verdict, VERDICT_EXIT } from '../verdict.ts';

export const command = defineCommand({
  about:
    'Runs a rehearsal again from what was kept of it (source, plan, scripts, validators, profile), on this machine, and\ncompares: the same seal, or which leg, table and row came out otherwise. The subject is a revision of the ledger or an\nunpacked packet, which needs no ledger. Where both have the same name, the folder is meant. Exit 0: the same. 1: it\ndiffers. With --signer the result is signed with a key of yours and recorded: custody verify --rerunner counts it.',
  examples: [
    ['custody rerun HEAD', 'the newest record, again'],
    ['custody rerun ./packet --out again', 'an unpacked packet; what comes out goes into a folder'],
    [
      'custody rerun @3 --signer alice.example.com',
      'sign the result, for auditors who have your verifier key',
    ],
  ],
  options: (y) =>
    writingOptions(
      y
        .positional('subject', {
          type: 'string',
          default: 'HEAD',
          describe: 'a revision, or the folder of a packet',
        })
        .option('out', value('an empty or new folder for the packet that comes out'))
        .option('accepted', flag('exit 1 also where the rehearsal is rejected'))
        .option('validator', values('a validator that you trust, beside the one of this version'))
        .option('unsandboxed', UNSANDBOXED)
        .option('signer', value('the name of your key, made at first use; signs and records the result')),
    ),
  async run(args, context) {
    const { rerun } = await import('../../workflows/rerun.ts');
    const { neitherNor } = await import('../../workflows/operand.ts');
    const { signerKey } = await import('../../ledger/signer-key.ts');
    refuseUnused(args);
    const common = writing(args, context);
    const signer = args.signer === undefined ? undefined : await signerKey(args.signer, await context.keys());
    const result = await rerun(
      { path: context.path(args.subject), revision: args.subject },
      () => context.openLedger(),
      {
        signal: common.signal,
        lockTimeout: common.lockTimeout,
        accepted: args.accepted,
        unsandboxed: args.unsandboxed,
        validators: args.validator.map((id) => parseDigest(id)),
        ...(args.out !== undefined && { out: context.path(args.out) }),
        ...(signer && {
          signer: {
            skey: signer.skey,
            author: common.author,
            lane: common.lane,
            ...(args.message !== undefined && { message: checkMessage(args.message) }),
          },
        }),
        probe: probing(context),
        progress: context.progress,
      },
    )
      .catch((error: unknown) => {
        throw neitherNor(error);
      })
      .finally(() => context.progressDone());
    const { same, accepted, findings } = result;
    const verdict: Verdict = same ? 'SAME' : 'DIFFERENT';
    context.print({ ...result, signer: signer?.vkey ?? null }, () =>
      [
        `${verdict}: ${same ? 'the rerun has the same seal' : howMany(result)}`,
        `  rehearsal  ${accepted ? 'accepted' : 'REJECTED'}, as judged again`,
        `  subject    ${result.subject}`,
        `  again      ${result.again}`,
        `  seal       ${result.seal.subject}`,
        `  seal again ${result.seal.again}`,
        ...programLines(result),
        ...(result.surrogate === true ? ['  surrogate  made again, the same'] : []),
        ...findingLines(findings),
        ...result.quarantined.map(({ leg, path }) => `  the clone of leg ${leg} is kept: ${printable(path)}`),
        ...notShownLines(result),
        ...(result.record === null ? [] : [`  recorded as @${result.record}`]),
        ...(signer ? [`  verifier key  ${signer.vkey}`] : []),
        '',
      ].join('\n'),
    );
    if (signer?.made)
      context.warn(
        'A new key was made. Give its verifier key to your auditors, by another way than this ledger.',
      );
    if (signer && result.record === null)
      context.warn('NOT RECORDED: this ledger does not hold the rehearsal that the rerun differs from.');
    context.warnUnsigned(result.unsigned);
    return findings.length > 0 ? 1 : VERDICT_EXIT[verdict];
  },
});

function programLines({ program }: RerunResult): string[] {
  if (program === null)
    return ['  program    which one ran before is not known: a record says it, a packet alone does not'];
  if (program.length === 0) return [`  program    custody ${VERSION}, the same`];
  return [
    '  program    ANOTHER ran before, or with other packages or libraries:',
    ...program.map((one) => `    ${printable(describeDifference(one))}`),
  ];
}

/** Where the evidence is the same, the packets' files differ. */
function howMany({ differences, more, files }: RerunResult): string {
  const n = differences.length + more;
  return n > 0 ? plural(n, 'difference') : `${plural(files.length, 'file')} of the packet`;
}

/** What is said of a record is refused where nothing is recorded. */
function refuseUnused(args: Record<'message' | 'lane' | 'author' | 'signer', string | undefined>): void {
  if (args.signer !== undefined) return;
  const unused = (['message', 'lane', 'author'] as const).find((name) => args[name] !== undefined);
  if (unused !== undefined)
    throw new CustodyError('USAGE', `--${unused} is about a record, but nothing is recorded`, {
      hint: 'Add --signer NAME.',
    });
}
