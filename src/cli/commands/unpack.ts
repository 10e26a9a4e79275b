import { defineCommand } from '../command.ts';
import { plural, printable } from '../text.ts';
import { LIMIT, parseSize, word } from '../options.ts';

export const command = defineCommand({
  about:
    'Writes the packet of a revision into a new folder, whole and checked against its seal, or not at all: what auditors\nread, what sha256sum -c and RERUN.sh work on. custody verify FOLDER --against REV compares it with the ledger again.',
  examples: [
    ['custody unpack HEAD packet', 'the packet of the newest record'],
    ['custody unpack @3 packet && sh packet/RERUN.sh', 'run what record 3 rehearsed again, and compare'],
  ],
  options: (y) =>
    y
      .positional('revision', word('a revision that holds a packet'))
      .positional('folder', word('a folder that does not exist yet'))
      .option('limit-size', LIMIT),
  async run(args, context) {
    const { unpack } = await import('../../workflows/unpack.ts');
    const folder = context.path(args.folder);
    await using ledger = await context.openLedger();
    const { packet, tree, seal, files, size } = await unpack(ledger, args.revision, folder, {
      signal: context.signal,
      limitSize: parseSize(args['limit-size']),
    });
    context.print({ folder, packet, tree, seal, files, size }, () =>
      [`unpacked ${plural(files, 'file')} into ${printable(folder)}`, `  seal  ${seal}`, ''].join('\n'),
    );
    return 0;
  },
});
