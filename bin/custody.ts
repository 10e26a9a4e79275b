#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// What is streamed is garbage soon. V8 would let the young generation grow to 128 MiB before it collects; as measured
// (bench/memory.ts), that saves no time. It asks for this each time that it could grow (flag-definitions.h).
setFlagsFromString('--semi-space-growth-factor=1');

// An older one fails at syntax or names that it does not know, which says nothing: so nothing else is loaded before.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `custody: it needs Node.js 24 or newer, this is ${process.versions.node} [NODE_TOO_OLD]\n`,
  );
  process.exit(4);
}

const stop = new AbortController();
// The first signal asks for an orderly end, the second does not wait for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(signal);
  });
}
// A reader that goes away (`custody log | head`) is no fault, and no reason to forget the exit code.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    if (stream === process.stdout)
      process.stderr.write(`custody: cannot write the output: ${error.message} [IO_FAILED]\n`);
    process.exit(4);
  });
}
const { run } = await import('../src/cli/main.ts');
process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: stop.signal,
});
