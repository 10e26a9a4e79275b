import { postgresEngine } from '../../../src/engines/postgres/index.ts';

/** A process that puts a clone in quarantine and then waits for a signal, or ends without disposing of anything. */
const [, , file = '', folder = '', then] = process.argv;
const workspace = await postgresEngine.prepare({ file }, { session: [], timeLimit: 1_000 });
const clone = await workspace.restore('T');
const path = await clone.quarantine(folder, 'the child was told to');
const { raw } = await workspace.isolation();
process.stdout.write(`${JSON.stringify({ path, ...Object.fromEntries(raw) })}\n`);
if (then === 'exit') process.exit(7);
setInterval(() => undefined, 1_000);
