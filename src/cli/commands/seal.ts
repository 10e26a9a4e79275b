import { join } from 'node:path';
import { isThere } from '../../system/is-there.ts';
import { CustodyError } from '../../errors.ts';
import { requireOutside } from '../../ledger/location.ts';
import { defineCommand } from '../command.ts';
import { plural } from '../text.ts';
import { flag, word } from '../options.ts';

export const command = defineCommand({
  about:
    'Writes HASH_MANIFEST.txt (the sha256sum lines of every file) and packet_tree.sha256 (the sha256sum line of the\nmanifest: the seal) into FOLDER. A folder that was sealed and changed since is refused without --force.',
  examples: [
    ['custody seal evidence', 'seal a folder'],
    ['cd evidence && sha256sum -c HASH_MANIFEST.txt', 'coreutils agree'],
  ],
  options: (y) =>
    y
      .positional('folder', word('the folder of evidence'))
      .option('force', flag('seal anew although the old seal does not fit')),
  async run(args, context) {
    const { sealFolder } = await import('../../packets/seal/seal.ts');
    requireOutside(context.path(args.folder));
    // Sealing it would list the ledger's own files, which change with the next commit.
    if (isThere(join(context.path(args.folder), '.custody')))
      throw new CustodyError('USAGE', `${args.folder} holds a ledger (.custody)`, {
        path: context.path(args.folder),
        hint: 'Put the evidence into a folder of its own and seal that.',
      });
    const { files, seal } = await sealFolder(context.path(args.folder), {
      force: args.force,
      signal: context.signal,
    });
    context.print({ files, seal }, () => `sealed ${plural(files, 'file')}\n  seal  ${seal}\n`);
    return 0;
  },
});
