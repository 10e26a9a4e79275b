import { existsSync } from 'node:fs';
import type { DiffResult } from '../../workflows/diff.ts';
import type { Operand } from '../../workflows/operand.ts';
import { defineCommand } from '../command.ts';
import { renderDiff } from '../diff-text.ts';
import { ledgerFor } from '../optional-ledger.ts';

export const command = defineCommand({
  usage: 'diff <a> <b>',
  about:
    'Compares two packets or folders (files), snapshots or databases (schema, tables, rows, columns), JSON files (values),\ntexts (lines), or other objects (fields). A and B are paths or revisions. Exit 0 unless --exit-code is given.',
  examples: [
    ['custody diff before.sqlite after.sqlite', 'row by row, no ledger needed'],
    ['custody diff @1 @2', 'two packets'],
    ['custody diff HEAD:verdict.json HEAD~1:verdict.json --exit-code', 'two files; exit 1 if they differ'],
  ],
  options: (y) =>
    y
      .positional('a', { type: 'string', demandOption: true, describe: 'before' })
      .positional('b', { type: 'string', demandOption: true, describe: 'after' })
      .option('exit-code', { type: 'boolean', default: false, describe: 'exit 1 when they differ' }),
  async run(args, context) {
    const { diffOperands } = await import('../../workflows/diff.ts');
    const { resolveOperand } = await import('../../workflows/operand.ts');
    await using ledger = await ledgerFor(context);
    await using scratch = new AsyncDisposableStack();
    const { signal } = context;
    const resolve = (text: string): Promise<Operand> =>
      resolveOperand(existsSync(context.path(text)) ? context.path(text) : text, ledger, scratch, { signal });
    // One after the other: what is captured for one must be over when the other fails.
    const a = await resolve(args.a);
    const result: DiffResult = await diffOperands(a, await resolve(args.b), { signal });
    context.print(result, () => renderDiff(result));
    return args['exit-code'] && !result.equal ? 1 : 0;
  },
});
