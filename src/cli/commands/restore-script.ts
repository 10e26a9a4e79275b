import { CustodyError } from '../../errors.ts';
import { requireOutside } from '../../ledger/location.ts';
import { defineCommand } from '../command.ts';
import { ledgerFor, operandOf } from '../optional-ledger.ts';
import { plural } from '../text.ts';
import { value, word } from '../options.ts';

export const command = defineCommand({
  about:
    'Writes the SQL that brings state B back to state A, row by row: A is the state to get back, B what a change left. Both\nare snapshots or databases, as custody diff takes them. Prints the script, or writes it to a new file. It is NOT\nVALIDATED until a plan that names it as its rollback was rehearsed and accepted.',
  examples: [
    ['custody restore-script before.sqlite after.sqlite', 'print it, no ledger needed'],
    ['custody restore-script 3f2a91c0 77b0e1d4 --out rollback.sql', 'from two snapshots of the ledger'],
  ],
  options: (y) =>
    y
      .positional('a', word('the state to get back'))
      .positional('b', word('the state to start from'))
      .option('out', value('write to this file, which must be new')),
  async run(args, context) {
    const { makeRestoreScript } = await import('../../workflows/restore-script.ts');
    const { makeFile } = await import('../../system/temporary-file.ts');
    if (args.out !== undefined) requireOutside(context.path(args.out));
    await using ledger = await ledgerFor(context);
    await using scratch = new AsyncDisposableStack();
    const a = await operandOf(args.a, ledger, scratch, context);
    const b = await operandOf(args.b, ledger, scratch, context);
    const result = await makeRestoreScript(a, b, ledger, { signal: context.signal });
    const { script, ...facts } = result;
    if (args.out !== undefined && !(await makeFile(context.path(args.out), script)))
      throw new CustodyError('USAGE', `${args.out} exists already`, {
        path: context.path(args.out),
        hint: 'Name a file that does not exist; nothing is ever overwritten.',
      });
    if (context.args.json) context.print(result, () => '');
    else if (args.out === undefined) context.io.stdout.write(script);
    else
      context.print(facts, () =>
        [
          `restore script ${args.out ?? ''}`,
          `  sha256  ${facts.sha256}`,
          `  ${plural(facts.statements, 'statement')}: ${facts.deleted} deleted, ${facts.updated} updated, ${facts.inserted} inserted, ${plural(facts.sequences, 'counter')} set`,
          '',
        ].join('\n'),
      );
    context.warn(
      facts.validated === null
        ? `NOT VALIDATED: rehearse it first, as leg S: rollback: { file: ${args.out ?? 'FILE'} } in the plan of the change.`
        : `Validated by the rehearsal @${facts.validated}.`,
    );
    return 0;
  },
});
