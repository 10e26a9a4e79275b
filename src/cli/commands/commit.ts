import { parseDigest, digestFromBytes } from '../../objects/digest.ts';
import { defineCommand } from '../command.ts';
import { checkMessage, writing, writingOptions } from '../writing.ts';
import { value, word } from '../options.ts';

export const command = defineCommand({
  about:
    'Checks the seal of FOLDER, stores every file and appends an entry and a record to the log. A folder that is not\nsealed, or does not match its seal, is refused (exit 1) and nothing changes. The same folder again adds only an entry\nand a record.',
  examples: [
    ['custody commit evidence -m "release 42"', 'commit a sealed folder'],
    ['custody commit evidence --lane lane-07 --json', 'as a lane, for a program'],
  ],
  options: (y) =>
    writingOptions(
      y
        .positional('folder', word('a sealed folder'))
        .option('expect', value('the seal that the folder must have')),
    ),
  async run(args, context) {
    const { commitFolder } = await import('../../workflows/commit.ts');
    const common = writing(args, context);
    const expect = args.expect === undefined ? {} : { expect: parseDigest(args.expect) };
    const message = checkMessage(args.message ?? '');
    await using ledger = await context.openLedger();
    const result = await commitFolder(ledger, context.path(args.folder), { ...common, ...expect, message });
    const { index, record, entry, packet, tree, seal, size, unsigned } = result;
    const root = digestFromBytes(result.root);
    context.print({ record: index, recordId: record, entry, packet, tree, seal, size, root, unsigned }, () =>
      [`committed as @${index}`, `  record  ${record}`, `  packet  ${packet}`, `  seal    ${seal}`, ''].join(
        '\n',
      ),
    );
    context.warnUnsigned(unsigned);
    return 0;
  },
});
