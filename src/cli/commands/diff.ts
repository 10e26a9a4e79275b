import { defineCommand } from '../command.ts';
import { renderDiff } from '../diff-text.ts';
import { ledgerFor, operandOf } from '../optional-ledger.ts';
import { flag, LIMIT, parseSize, word } from '../options.ts';

export const command = defineCommand({
  about:
    'Compares two packets or folders (files), snapshots or databases (schema, tables, rows, columns), JSON files (values),\ntexts (lines), or other objects (fields). A and B are paths or revisions. Exit 0 unless --exit-code is given.',
  examples: [
    ['custody diff before.sqlite after.sqlite', 'row by row, no ledger needed'],
    ['custody diff @1 @2', 'two packets'],
    ['custody diff HEAD:verdict.json HEAD~1:verdict.json --exit-code', 'two files; exit 1 if they differ'],
  ],
  options: (y) =>
    y
      .positional('a', word('before'))
      .positional('b', word('after'))
      .option('limit-size', LIMIT)
      .option('exit-code', flag('exit 1 when they differ')),
  async run(args, context) {
    const { diffOperands } = await import('../../workflows/diff.ts');
    const limitSize = parseSize(args['limit-size']);
    await using ledger = await ledgerFor(context);
    await using scratch = new AsyncDisposableStack();
    // One after the other: what is captured for one must be over when the other fails.
    const a = await operandOf(args.a, ledger, scratch, context);
    const b = await operandOf(args.b, ledger, scratch, context);
    const result = await diffOperands(a, b, { signal: context.signal, limitSize });
    context.print(result, () => renderDiff(result));
    return args['exit-code'] && !result.equal ? 1 : 0;
  },
});
