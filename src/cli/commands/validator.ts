import { CustodyError } from '../../errors.ts';
import { digestOf, parseDigest } from '../../objects/digest.ts';
import type { SelftestReport } from '../../judging/validators.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { findingLines, plural, printable, textOrBase64 } from '../text.ts';
import { writing, writingOptions } from '../writing.ts';
import { UNSANDBOXED, value, values, word } from '../options.ts';
import { type Verdict, VERDICT_EXIT } from '../verdict.ts';

const ACTIONS = ['list', 'pin', 'expect', 'selftest', 'source', 'releases'] as const;

export const command = defineCommand({
  about: `Manages the validators that judge rehearsals; every pinned one must accept:
  list      those that the policy pins, those that are expected, and the one that this version brings
  pin       pin FILE (default: the one that this version brings) in a new policy that names the one before it; another
            one of the same name gives way. A file that custody did not bring is tried on planted faults first
  expect    write down the abbreviated SHA-256 of a validator that is not here yet: shown, never counted
  selftest  run each pinned one, or each of an unpacked packet, against evidence in which one fault at a time is present
  source    print the file of the one that this version brings, or of one in the ledger by its id, byte for byte
  releases  name each one that releases have brought, by the SHA-256 of its file`,
  examples: [
    ['custody validator list', 'who judges?'],
    ['custody validator pin run_hardened_validator.py --name hardened', 'somebody else judges too'],
    ['custody validator expect e6547e69…956c47 --name hardened', 'which file it will have to be'],
    ['custody validator selftest', 'do they catch what they must?'],
    ['custody validator source | sha256sum', 'what judges? Read it'],
    ['custody validator selftest ./packet', 'do those of this packet? No ledger is needed'],
  ],
  options: (y) =>
    writingOptions(
      y
        .positional('action', {
          ...word('what to do'),
          choices: ACTIONS,
        })
        .positional('file', {
          type: 'string',
          describe: 'pin: a validator; expect: an abbreviated SHA-256; selftest: a packet; source: an id',
        })
        .option('name', value("what it is called (default: the name it is expected under, else the file's)"))
        .option('expect', value('pin: the SHA-256 that the file must have, whole or abbreviated'))
        .option(
          'validator',
          values('selftest of a packet: one that you trust, beside the one of this version'),
        )
        .option('unsandboxed', UNSANDBOXED),
    ),
  async run(args, context) {
    const { action, file } = args;
    checkOptions(action, args);
    if (action === 'selftest' && file !== undefined) {
      const { selftestPacket } = await import('../../workflows/rerun/selftest.ts');
      const trusted = args.validator.map((id) => parseDigest(id));
      const { signal } = context;
      const tested = await selftestPacket(context.path(file), trusted, {
        signal,
        unsandboxed: args.unsandboxed,
      });
      return printSelftest(tested, context);
    }
    if (action === 'releases') {
      const { listReleases } = await import('../../judging/releases.ts');
      const releases = await listReleases();
      context.print({ releases }, () =>
        releases.map((one) => `${one.sha256}  ${one.name}  ${one.version}\n`).join(''),
      );
      return 0;
    }
    if (action === 'source' && file === undefined) {
      const { builtInValidator } = await import('../../judging/policy.ts');
      return printSource(await builtInValidator(), context);
    }
    await using ledger = await context.openLedger();
    if (action === 'source') {
      const { loadValidator } = await import('../../judging/policy.ts');
      const { resolveRevision } = await import('../../ledger/revision.ts');
      const { nodeLink } = await import('../../objects/link.ts');
      const revision = await resolveRevision(ledger, file!);
      const id = revision.type === 'object' ? revision.id : revision.record.id;
      return printSource((await loadValidator(ledger, nodeLink(id))).code, context);
    }
    const options = {
      ...writing(args, context),
      unsandboxed: args.unsandboxed,
      ...(args.name !== undefined && { name: args.name }),
      ...(args.expect !== undefined && { expect: args.expect }),
    };
    if (action === 'selftest') {
      const { selftestValidators } = await import('../../judging/validators.ts');
      return printSelftest(await selftestValidators(ledger, options), context);
    }
    if (action === 'pin') {
      const { pinValidator } = await import('../../judging/pin.ts');
      const path = file === undefined ? undefined : context.path(file);
      const pinned = await pinValidator(ledger, path, options);
      context.print(pinned, () =>
        pinned.record === null
          ? `already pinned: ${pinned.validator}\n`
          : [
              `pinned ${pinned.name} ${pinned.validator} as @${pinned.record}`,
              ...(pinned.promoted === null ? [] : [`it is the one that was expected: ${pinned.promoted}`]),
              `The first policy does not pin it: whoever verifies what it judges says custody verify --validator ${pinned.validator}`,
              '',
            ].join('\n'),
      );
      return 0;
    }
    if (action === 'expect') {
      const { expectValidator } = await import('../../judging/pin.ts');
      const made = await expectValidator(ledger, file ?? '', { ...options, name: args.name ?? '' });
      context.print(made, () =>
        made.record === null
          ? `nothing to do: ${made.name} ${made.identity} is expected or pinned already\n`
          : `expected ${made.name} ${made.identity} as @${made.record}: it judges nothing until custody validator pin FILE\n`,
      );
      return 0;
    }
    const { listValidators } = await import('../../judging/validators.ts');
    const listed = await listValidators(ledger);
    context.print(listed, () =>
      [
        `policy ${listed.policy}`,
        ...listed.validators.map(
          (v) =>
            `  ${v.validator}  ${printable(v.name)}  sha256:${v.sha256}  ${printable(v.runner)}${v.builtIn ? '  (this version)' : ''}`,
        ),
        ...listed.expected.map(
          (e) => `  expected, not counted  ${printable(e.name)}  sha256:${printable(e.identity)}`,
        ),
        ...listed.isolation.map((name) => `  required isolation  ${printable(name)}`),
        ...(listed.builtIn.pinned
          ? []
          : ['This version brings another validator: custody validator pin makes it one that judges.']),
        '',
      ].join('\n'),
    );
    return 0;
  },
});

function printSource(code: Uint8Array, context: Context): number {
  if (context.args.json)
    context.print({ sha256: digestOf(code), size: code.length, ...textOrBase64(code) }, () => '');
  else context.io.stdout.write(code);
  return 0;
}

function printSelftest(tested: SelftestReport, context: Context): number {
  context.print(tested, () => tested.validators.map(selftestLine).join(''));
  return VERDICT_EXIT[tested.ok ? 'ok' : 'FAILED'];
}

function selftestLine(one: SelftestReport['validators'][number]): string {
  const result = one.ok
    ? `${plural(one.vectors, 'vector')}, each judged as it must be`
    : `${one.failed.length} of ${plural(one.vectors, 'vector')} misjudged`;
  const verdict: Verdict = one.ok ? 'ok' : 'FAILED';
  const line = `${verdict}  ${printable(one.name)}  ${result}  (${one.sandbox})`;
  return [line, ...findingLines(one.findings), ''].join('\n');
}

/** An option or a word that would be dropped is refused. */
function checkOptions(
  action: (typeof ACTIONS)[number],
  args: {
    file: string | undefined;
    name: string | undefined;
    expect: string | undefined;
    unsandboxed: boolean;
    validator: readonly string[];
  },
): void {
  const needs = action === 'expect' ? (['file', 'name'] as const) : [];
  const takes: Record<typeof action, readonly string[]> = {
    list: [],
    source: ['file'],
    releases: [],
    selftest: ['file', 'unsandboxed', ...(args.file === undefined ? [] : ['validator'])],
    pin: ['file', 'name', 'expect', 'unsandboxed'],
    expect: ['file', 'name'],
  };
  const lacking = needs.find((name) => args[name] === undefined);
  if (lacking !== undefined)
    throw new CustodyError('USAGE', 'expect takes an abbreviated SHA-256 and --name', {
      hint: 'For example: custody validator expect e6547e69…956c47 --name hardened',
    });
  const given = (['file', 'name', 'expect'] as const).filter((name) => args[name] !== undefined);
  const all = [
    ...given,
    ...(args.unsandboxed ? ['unsandboxed'] : []),
    ...(args.validator.length > 0 ? ['validator'] : []),
  ];
  const dropped = all.find((name) => !takes[action].includes(name));
  if (dropped !== undefined)
    throw new CustodyError('USAGE', `${action} takes no ${dropped === 'file' ? 'file' : `--${dropped}`}`, {
      hint: 'custody validator --help says what each action takes.',
    });
}
