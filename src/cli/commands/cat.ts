import type { Ledger } from '../../ledger/ledger.ts';
import { digestOf } from '../../objects/digest.ts';
import type { Link } from '../../objects/link.ts';
import { defineCommand } from '../command.ts';
import type { Io } from '../io.ts';
import { textOrBase64 } from '../text.ts';
import { LIMIT, parseSize, word } from '../options.ts';

export const command = defineCommand({
  about:
    'Prints an object byte for byte: a blob as it was stored, a longer file whole, REV:path a file of a packet, any other\nobject as its canonical DAG-CBOR. custody cat ID | sha256sum gives ID back (for a longer file: its own SHA-256).\nWith --json the bytes are in the document, as text or base64.',
  examples: [
    ['custody cat HEAD:verdict.json', 'a file of the newest packet'],
    ['custody cat 3f2a91c0', 'an object by the first digits of its id'],
  ],
  options: (y) => y.positional('id', word('an id, a prefix of one, or REV:path')).option('limit-size', LIMIT),
  async run(args, context) {
    await using ledger = await context.openLedger();
    const pieces: Uint8Array[] = [];
    for await (const piece of contentOf(ledger, args.id, {
      signal: context.signal,
      limitSize: parseSize(args['limit-size']),
    })) {
      if (context.args.json) pieces.push(piece);
      else if (!(await writeAll(context.io, piece))) return 0;
    }
    if (context.args.json) {
      const bytes = pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
      context.print({ sha256: digestOf(bytes), size: bytes.length, ...textOrBase64(bytes) }, () => '');
    }
    return 0;
  },
});

/** The bytes that a revision names; of content above 1 MiB piece by piece. */
async function* contentOf(
  ledger: Ledger,
  text: string,
  options: { signal: AbortSignal; limitSize: number | undefined },
): AsyncGenerator<Uint8Array> {
  const { isBlob, parseRevision, resolveRevision } = await import('../../ledger/revision.ts');
  const { base, path } = parseRevision(text);
  const revision = await resolveRevision(ledger, base);
  const { nodeLink } = await import('../../objects/link.ts');
  let link: Link;
  if (path !== undefined) {
    const { contentAt } = await import('../../workflows/operand.ts');
    link = await contentAt(ledger, revision, path);
  } else if (revision.type === 'record') {
    yield revision.record.bytes;
    return;
  } else {
    link = nodeLink(revision.id);
    const bytes = await ledger.get(revision.id);
    const { decodeObject } = await import('../../objects/kinds.ts');
    if ((await isBlob(ledger, revision.id)) || decodeObject(bytes).kind !== 'file') {
      yield bytes;
      return;
    }
  }
  const { readContent } = await import('../../objects/file.ts');
  const { driveAsync } = await import('../../objects/walk.ts');
  const { requireWithin } = await import('../../objects/oversized.ts');
  await requireWithin([link], ledger.get, options);
  yield* driveAsync(readContent(link), ledger.get, options);
}

/**
 * Waits where the reader is slower than the disk, so that a file of any size passes in bounded memory.
 * @returns whether somebody still reads.
 */
async function writeAll({ stdout }: Io, bytes: Uint8Array): Promise<boolean> {
  if (stdout.write(bytes) === false && stdout.destroyed !== true && stdout.once && stdout.off) {
    const once = stdout.once.bind(stdout);
    const off = stdout.off.bind(stdout);
    await new Promise<void>((resolve) => {
      // The event that does not come would keep its listener, one for each piece.
      const ready = (): void => {
        off('drain', ready);
        off('close', ready);
        resolve();
      };
      once('drain', ready);
      once('close', ready);
    });
  }
  return stdout.destroyed !== true;
}
