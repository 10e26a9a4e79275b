import { readFile } from 'node:fs/promises';
import { CustodyError, fromSystemError } from '../../errors.ts';
import { digestFromBytes } from '../../objects/digest.ts';
import { defineCommand } from '../command.ts';
import { plural, printable } from '../text.ts';
import { writing, writingOptions } from '../writing.ts';

export const command = defineCommand({
  usage: 'validator <action>',
  about: `Manages the validators that judge rehearsals:
  list      those that the policy pins; the last one judges new rehearsals
  pin       pin the one that this version of custody brings, with a new policy that names the one before it
  selftest  run the pinned one against evidence in which one fault at a time is present`,
  examples: [
    ['custody validator list', 'who judges?'],
    ['custody validator selftest', 'does it catch what it must?'],
  ],
  options: (y) =>
    writingOptions(
      y.positional('action', {
        type: 'string',
        demandOption: true,
        choices: ['list', 'pin', 'selftest'] as const,
        describe: 'what to do',
      }),
    ),
  async run(args, context) {
    const policies = await import('../../workflows/policy.ts');
    const { builtInFile } = await import('../../workflows/built-in.ts');
    await using ledger = await context.openLedger();
    if (args.action === 'selftest') {
      const { runSelftest } = await import('../../verify/validator-process.ts');
      const pinned = await policies.pinnedValidator(ledger);
      const result = await runSelftest(pinned.code, { signal: context.signal });
      context.print({ validator: pinned.link.digest, ...result }, () =>
        result.ok
          ? `ok: ${plural(result.vectors, 'vector')}, each judged as it must be\n`
          : `FAILED: ${result.failed.join(', ')}\n`,
      );
      return result.ok ? 0 : 1;
    }
    if (args.action === 'pin') {
      const pinned = await policies.pinBuiltIn(ledger, writing(args, context));
      context.print(pinned, () =>
        pinned.record === null
          ? `already pinned: ${pinned.validator}\n`
          : `pinned ${pinned.validator} as @${pinned.record}\nThe first policy does not pin it: whoever verifies what it judges says custody verify --validator ${pinned.validator}\n`,
      );
      return 0;
    }
    const { policy, id } = await policies.currentPolicy(ledger);
    const builtIn = await fileDigest(builtInFile(policies.BUILT_IN_VALIDATOR));
    const validators: {
      validator: string;
      name: string;
      sha256: string;
      runner: string;
      builtIn: boolean;
    }[] = [];
    for (const link of policy.validators) {
      const { validator } = await policies.loadValidator(ledger, link);
      const sha256 = digestFromBytes(validator.sha256);
      validators.push({
        validator: link.digest,
        name: validator.name,
        sha256,
        runner: validator.runner,
        builtIn: sha256 === builtIn,
      });
    }
    context.print({ policy: id, validators }, () =>
      [
        `policy ${id}`,
        ...validators.map(
          (v) =>
            `  ${v.validator}  ${printable(v.name)}  sha256:${v.sha256}${v.builtIn ? '  (this version)' : ''}`,
        ),
        ...(validators.some((v) => v.builtIn)
          ? []
          : ['This version brings another validator: custody validator pin makes it the one that judges.']),
        '',
      ].join('\n'),
    );
    return 0;
  },
});

async function fileDigest(path: string): Promise<string> {
  try {
    const { digestOf } = await import('../../objects/digest.ts');
    return digestOf(await readFile(path));
  } catch (error) {
    throw error instanceof CustodyError ? error : fromSystemError(error, path);
  }
}
