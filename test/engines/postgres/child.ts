import { postgresEngine } from '../../../src/engines/postgres/index.ts';

/** A process that holds a cluster until a signal ends it, or ends by itself without disposing of anything. */
const [, , file, then] = process.argv;
const workspace = await postgresEngine.prepare({ file: file ?? '' }, { session: [], timeLimit: 1_000 });
const { raw } = await workspace.isolation();
process.stdout.write(`${JSON.stringify(Object.fromEntries(raw))}\n`);
if (then === 'exit') process.exit(7);
if (then === 'throw') throw new Error('on purpose');
setInterval(() => undefined, 1_000);
