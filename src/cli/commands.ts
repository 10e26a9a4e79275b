import type { Command } from './command.ts';

interface Listed {
  /** For yargs: `commit <folder>`. */
  readonly usage: string;
  readonly summary: string;
  /** Commands load when they are called: each brings its own packages. */
  readonly load: () => Promise<Command<never>>;
}

const listed = (
  usage: string,
  summary: string,
  load: () => Promise<{ command: unknown }>,
): [name: string, Listed] => [
  usage.split(' ')[0]!,
  { usage, summary, load: async () => (await load()).command as Command<never> },
];

/** In the order of the work: make a ledger, gather, rehearse, look, check. */
export const COMMANDS: ReadonlyMap<string, Listed> = new Map([
  listed(
    'demo',
    'the whole story in a new folder: rehearse, seal, verify, diff, tamper',
    () => import('./commands/demo.ts'),
  ),
  listed('init [folder]', 'make a ledger', () => import('./commands/init.ts')),
  listed(
    'rehearse <plan>',
    'rehearse a change and each way back on an isolated clone',
    () => import('./commands/rehearse.ts'),
  ),
  listed(
    'probe <profile>',
    "try a profile's bad inputs: each must be refused",
    () => import('./commands/probe.ts'),
  ),
  listed(
    'surrogate <profile>',
    "make a profile's surrogate database",
    () => import('./commands/surrogate.ts'),
  ),
  listed(
    'snapshot <database>',
    'record the state of a database, table by table',
    () => import('./commands/snapshot.ts'),
  ),
  listed(
    'seal <folder>',
    'write the manifest and seal of an evidence folder',
    () => import('./commands/seal.ts'),
  ),
  listed(
    'commit <folder>',
    'store a sealed folder and append it to the log',
    () => import('./commands/commit.ts'),
  ),
  listed('log', 'list the records, newest first', () => import('./commands/log.ts')),
  listed('show [revision]', 'describe a record or an object', () => import('./commands/show.ts')),
  listed(
    'cat <id>',
    'print an object, or a file of a packet, byte for byte',
    () => import('./commands/cat.ts'),
  ),
  listed(
    'unpack <revision> <folder>',
    'write the packet of a revision into a new folder',
    () => import('./commands/unpack.ts'),
  ),
  listed(
    'diff <a> <b>',
    'compare packets, folders, snapshots, databases or files',
    () => import('./commands/diff.ts'),
  ),
  listed(
    'restore-script <a> <b>',
    'write the SQL that brings the rows of one state back to another',
    () => import('./commands/restore-script.ts'),
  ),
  listed(
    'verify [subject]',
    'check a packet folder or a revision, level by level',
    () => import('./commands/verify.ts'),
  ),
  listed(
    'rerun [subject]',
    'run a rehearsal again from what was kept of it, and compare',
    () => import('./commands/rerun.ts'),
  ),
  listed('fsck', 'check every byte of the ledger', () => import('./commands/fsck.ts')),
  listed(
    'validator <action> [file]',
    'list, pin, expect, self-test or print the validators that judge rehearsals',
    () => import('./commands/validator.ts'),
  ),
]);
