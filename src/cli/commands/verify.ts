import { isThere } from '../../system/is-there.ts';
import { CustodyError } from '../../errors.ts';
import { parseVerifierKey } from '../../log/note-key.ts';
import { parseDigest } from '../../objects/digest.ts';
import { LEVELS, type VerifyReport } from '../../workflows/verify-report.ts';
import { defineCommand } from '../command.ts';
import { findingLines, noteLines, plural, printable, time } from '../text.ts';
import { LIMIT, parseSize, UNSANDBOXED, value, values } from '../options.ts';
import { type Verdict, VERDICT_EXIT } from '../verdict.ts';

export const command = defineCommand({
  about:
    'Checks a packet folder (no ledger needed) or a revision of the ledger (default: HEAD), and says which level was done:\nseal, objects (every byte re-hashed), chain, signatures, semantics (judged again by the pinned validator), reexecuted (run again by somebody whose key you give).\nok is false when anything was found or a required level was skipped. Where a folder and a revision have the same name,\nthe folder is meant. A packet alone, without --expect or --against, is self-consistent only.',
  examples: [
    ['custody verify evidence --expect 5f70bf18…', 'does this folder have the seal that I was given?'],
    ['custody verify evidence --against @3', 'is this folder what the ledger holds as record 3?'],
    ['custody verify HEAD --require signatures', 'the newest record, signatures included'],
  ],
  options: (y) =>
    y
      .positional('subject', { type: 'string', default: 'HEAD', describe: 'a folder or a revision' })
      .option('expect', value('the seal that the packet must have'))
      .option('against', value('a revision that must hold exactly this folder'))
      .option('key', value("the log's verifier key, when you were given it"))
      .option('policy', value("the log's first policy, when you were given it"))
      .option('validator', values('a validator that you trust, beside those that the first policy pins'))
      .option('unsandboxed', UNSANDBOXED)
      .option('rerunner', values('the verifier key of somebody whose rerun counts (level reexecuted)'))
      .option('any-template', {
        type: 'boolean',
        default: false,
        describe: 'do without checking README.md and scripts whose templates this version does not know',
      })
      .option('limit-size', LIMIT)
      .option('require', { ...values('levels that must be done'), choices: LEVELS }),
  async run(args, context) {
    const { verifyFolder, verifyRevision } = await import('../../workflows/verify.ts');
    const { neitherNor } = await import('../../workflows/operand.ts');
    const path = context.path(args.subject);
    const require = LEVELS.filter((level) => (args.require as string[]).includes(level));
    const limitSize = parseSize(args['limit-size']);
    const options = {
      signal: context.signal,
      require,
      ...(args.expect !== undefined && { expect: parseDigest(args.expect) }),
      ...(args.key !== undefined && { key: args.key }),
      ...(args.policy !== undefined && { policy: parseDigest(args.policy) }),
      validators: args.validator.map((id) => parseDigest(id)),
      unsandboxed: args.unsandboxed,
      rerunners: args.rerunner,
      anyTemplate: args['any-template'],
      ...(limitSize !== undefined && { limitSize }),
    };
    const folder = isThere(path);
    checkOptions(args, folder);
    let report;
    if (folder) {
      await using ledger = args.against === undefined ? undefined : await context.openLedger();
      report = await verifyFolder(path, {
        ...options,
        ...(ledger && args.against !== undefined && { against: { ledger, revision: args.against } }),
      });
    } else {
      await using ledger = await context.openLedger();
      report = await verifyRevision(ledger, args.subject, options).catch((error: unknown) => {
        throw neitherNor(error);
      });
    }
    const { ok, levels, findings, notes, seal, trust, signed, validators } = report;
    const verdict = verdictOf(report);
    context.print(report, () =>
      [
        ok ? verdict : `${verdict}: ${plural(findings.length, 'finding')}`,
        ...Object.entries(levels).map(
          ([level, state]) =>
            `  ${level.padEnd(11)} ${state}${state === 'skipped' && !report.required.some((l) => l === level) ? ' (not required)' : ''}`,
        ),
        ...(seal === null ? [] : [`  seal        ${seal}`]),
        ...(signed === null ? [] : [`  signed      ${signedText(signed)}`]),
        ...validators.map(
          ({ validator, name, sandbox }) =>
            `  validator   ${validator}  ${printable(name ?? '(no validator)')}${sandbox === null ? '' : `  (${sandbox})`}`,
        ),
        `  ${printable(trust)}`,
        ...findingLines(findings),
        ...noteLines(notes),
        '',
      ].join('\n'),
    );
    return VERDICT_EXIT[verdict];
  },
});

function verdictOf({ ok, trust }: VerifyReport): Verdict {
  if (!ok) return 'NOT OK';
  return trust.startsWith('self-consistent') ? 'ok, but self-consistent only' : 'ok';
}

function signedText({ covered, size, time: seconds }: NonNullable<VerifyReport['signed']>): string {
  const since = seconds === null ? '' : `, this one at ${time(seconds * 1000)}`;
  return `${covered} of ${plural(size, 'record')}${since}`;
}

/** An option that would be dropped is refused: a check that was asked for and not made must never look like a yes. */
function checkOptions(
  args: {
    key: string | undefined;
    against: string | undefined;
    policy: string | undefined;
    validator: readonly string[];
    unsandboxed: boolean;
    rerunner: readonly string[];
    'any-template': boolean;
  },
  folder: boolean,
): void {
  if (args.key !== undefined) parseKey('key', args.key);
  for (const key of args.rerunner) parseKey('rerunner', key);
  const misplaced =
    folder && args.against === undefined
      ? (['key', 'policy', 'validator', 'rerunner', 'unsandboxed', 'any-template'] as const).find((name) => {
          const given = args[name];
          return typeof given === 'boolean' ? given : given !== undefined && given.length > 0;
        })
      : undefined;
  if (misplaced !== undefined) {
    throw new CustodyError('USAGE', `--${misplaced} is about a ledger, but a folder alone is verified`, {
      hint: 'Add --against REV.',
    });
  }
  if (!folder && args.against !== undefined) {
    throw new CustodyError('USAGE', '--against compares a folder with a revision', {
      hint: 'Give a folder, or compare two revisions with custody diff.',
    });
  }
}

function parseKey(option: string, key: string): void {
  try {
    parseVerifierKey(key);
  } catch (cause) {
    throw new CustodyError('USAGE', `--${option} is not a verifier key`, {
      cause,
      hint: 'Give NAME+HASH+KEY, as custody init or custody rerun --signer printed it.',
    });
  }
}
