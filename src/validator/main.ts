import { readSync, writeSync } from 'node:fs';
import { CustodyError } from '../errors.ts';
import { AskedObjects, type Pipe } from './asked-objects.ts';
import { judge } from './judge.ts';

/**
 * The validator's process: it asks on standard output and is answered on standard input (protocol.ts), and says its
 * judgement there. It opens no file and needs no right. Exit 0: it judged (either way); 1: it could not.
 */
const PIPE: Pipe = {
  read: (length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const n = retried(() => readSync(0, bytes, { offset: at }));
      if (n === 0) throw new CustodyError('INTERNAL', 'whoever answers went away');
      at += n;
    }
    return bytes;
  },
  write: (bytes) => {
    for (let at = 0; at < bytes.length;) at += retried(() => writeSync(1, bytes, at));
  },
};

/** Whoever started it may have made a pipe non-blocking: then one that is not ready says EAGAIN instead of waiting. */
function retried(work: () => number): number {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

try {
  const objects = new AskedObjects(PIPE);
  objects.say(judge(objects.subject, objects));
} catch (error) {
  const code = error instanceof CustodyError ? error.code : 'INTERNAL';
  process.stderr.write(
    `${JSON.stringify({ code, message: error instanceof Error ? error.message : String(error) })}\n`,
  );
  process.exitCode = 1;
}
