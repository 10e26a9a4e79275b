import { lock } from '../../../src/store/lock.ts';

/** Takes the lock of the folder in argv, says so, and keeps it until it is killed. */
const held = await lock(process.argv[2]!);
process.stdout.write(`held ${held.held}\n`);
setInterval(() => undefined, 1000);
