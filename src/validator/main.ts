import { readSync } from 'node:fs';
import { CustodyError } from '../errors.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { parseDigest } from '../objects/digest.ts';
import { judge } from './judge.ts';
import { FrameReader, MAX_EVIDENCE } from './frames.ts';

/**
 * The validator's process: the subject and its objects come on standard input as frames, the judgement goes to standard
 * output as one JSON document. It opens no file and needs no right. Exit 0: it judged (either way); 1: it could not.
 */
function main(): void {
  const reader = new FrameReader();
  const objects = new MemoryObjects();
  const piece = Buffer.allocUnsafe(1 << 20);
  let total = 0;
  for (;;) {
    const n = readInput(piece);
    if (n === 0) break;
    total += n;
    if (total > MAX_EVIDENCE)
      throw new CustodyError('OBJECT_TOO_LARGE', `more than ${MAX_EVIDENCE} bytes of evidence`);
    for (const { codec, digest, bytes } of reader.add(piece.subarray(0, n)))
      objects.put(codec, digest, bytes);
  }
  const subject = reader.finish();
  process.stdout.write(`${JSON.stringify(judge(parseDigest(subject), objects))}\n`);
}

/** Standard input may be a non-blocking pipe: then an empty one says EAGAIN instead of waiting. */
function readInput(piece: Buffer): number {
  for (;;) {
    try {
      return readSync(0, piece);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

try {
  main();
} catch (error) {
  const code = error instanceof CustodyError ? error.code : 'INTERNAL';
  process.stderr.write(
    `${JSON.stringify({ code, message: error instanceof Error ? error.message : String(error) })}\n`,
  );
  process.exitCode = 1;
}
