import { defineCommand } from '../command.ts';
import { CustodyError } from '../../errors.ts';
import type { Io } from '../io.ts';

export const command = defineCommand({
  usage: 'cat <id>',
  about:
    'Prints an object byte for byte: a blob as it was stored, a longer file whole, REV:path a file of a packet, any other\nobject as its canonical DAG-CBOR. custody cat ID | sha256sum gives ID back (for a longer file: its own SHA-256).',
  examples: [
    ['custody cat HEAD:verdict.json', 'a file of the newest packet'],
    ['custody cat 3f2a91c0', 'an object by the first digits of its id'],
  ],
  options: (y) =>
    y.positional('id', {
      type: 'string',
      demandOption: true,
      describe: 'an id, a prefix of one, or REV:path',
    }),
  async run(args, context) {
    if (context.args.json)
      throw new CustodyError('USAGE', 'cat prints bytes, not JSON', { hint: 'Use custody show --json.' });
    const { parseRevision, resolveRevision } = await import('../../ledger/revision.ts');
    const { decodeObject } = await import('../../objects/kinds.ts');
    await using ledger = await context.openLedger();
    const { base, path } = parseRevision(args.id);
    const revision = await resolveRevision(ledger, base);
    if (path !== undefined) {
      const { readPath } = await import('../../workflows/operand.ts');
      context.io.stdout.write(await readPath(ledger, revision, path));
      return 0;
    }
    if (revision.type === 'record') {
      context.io.stdout.write(revision.record.bytes);
      return 0;
    }
    const bytes = await ledger.store.get(revision.id);
    const isFile =
      (await ledger.store.codecOf(revision.id)) === 'dag-cbor' && decodeObject(bytes).kind === 'file';
    if (!isFile) {
      context.io.stdout.write(bytes);
      return 0;
    }
    const { readContent } = await import('../../objects/file.ts');
    const { nodeLink } = await import('../../objects/link.ts');
    const { driveAsync } = await import('../../objects/walk.ts');
    for await (const piece of driveAsync(readContent(nodeLink(revision.id)), (id) => ledger.store.get(id), {
      signal: context.signal,
    })) {
      if (!(await writeAll(context.io, piece))) break;
    }
    return 0;
  },
});

/**
 * Waits where the reader is slower than the disk, so that a file of any size passes in bounded memory.
 * @returns whether somebody still reads.
 */
async function writeAll({ stdout }: Io, bytes: Uint8Array): Promise<boolean> {
  if (stdout.write(bytes) === false && stdout.once) {
    const once = stdout.once.bind(stdout);
    await new Promise<void>((resolve) => {
      once('drain', resolve);
      once('close', resolve);
    });
  }
  return stdout.destroyed !== true;
}
