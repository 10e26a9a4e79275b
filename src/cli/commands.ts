import type { Command } from './command.ts';

interface Listed {
  readonly usage: string;
  readonly summary: string;
  /** Commands load when they are called: each brings its own packages. */
  readonly load: () => Promise<Command<never>>;
}

const load = async (module: Promise<{ command: unknown }>): Promise<Command<never>> =>
  (await module).command as Command<never>;

/** In the order of the work: make a ledger, gather, rehearse, look, check. */
export const COMMANDS: ReadonlyMap<string, Listed> = new Map([
  [
    'demo',
    {
      usage: 'demo',
      summary: 'the whole story in a new folder: rehearse, seal, verify, diff, tamper',
      load: () => load(import('./commands/demo.ts')),
    },
  ],
  [
    'init',
    { usage: 'init [folder]', summary: 'make a ledger', load: () => load(import('./commands/init.ts')) },
  ],
  [
    'rehearse',
    {
      usage: 'rehearse <plan>',
      summary: 'rehearse a change and each way back on an isolated clone',
      load: () => load(import('./commands/rehearse.ts')),
    },
  ],
  [
    'probe',
    {
      usage: 'probe <profile>',
      summary: "try a profile's bad inputs: each must be refused",
      load: () => load(import('./commands/probe.ts')),
    },
  ],
  [
    'surrogate',
    {
      usage: 'surrogate <profile>',
      summary: "make a profile's surrogate database",
      load: () => load(import('./commands/surrogate.ts')),
    },
  ],
  [
    'snapshot',
    {
      usage: 'snapshot <database>',
      summary: 'record the state of a database, table by table',
      load: () => load(import('./commands/snapshot.ts')),
    },
  ],
  [
    'seal',
    {
      usage: 'seal <folder>',
      summary: 'write the manifest and seal of an evidence folder',
      load: () => load(import('./commands/seal.ts')),
    },
  ],
  [
    'commit',
    {
      usage: 'commit <folder>',
      summary: 'store a sealed folder and append it to the log',
      load: () => load(import('./commands/commit.ts')),
    },
  ],
  [
    'log',
    {
      usage: 'log',
      summary: 'list the records, newest first',
      load: () => load(import('./commands/log.ts')),
    },
  ],
  [
    'show',
    {
      usage: 'show [revision]',
      summary: 'describe a record or an object',
      load: () => load(import('./commands/show.ts')),
    },
  ],
  [
    'cat',
    {
      usage: 'cat <id>',
      summary: 'print an object, or a file of a packet, byte for byte',
      load: () => load(import('./commands/cat.ts')),
    },
  ],
  [
    'unpack',
    {
      usage: 'unpack <revision> <folder>',
      summary: 'write the packet of a revision into a new folder',
      load: () => load(import('./commands/unpack.ts')),
    },
  ],
  [
    'diff',
    {
      usage: 'diff <a> <b>',
      summary: 'compare packets, folders, snapshots, databases or files',
      load: () => load(import('./commands/diff.ts')),
    },
  ],
  [
    'restore-script',
    {
      usage: 'restore-script <a> <b>',
      summary: 'write the SQL that brings the rows of one state back to another',
      load: () => load(import('./commands/restore-script.ts')),
    },
  ],
  [
    'verify',
    {
      usage: 'verify [subject]',
      summary: 'check a packet folder or a revision, level by level',
      load: () => load(import('./commands/verify.ts')),
    },
  ],
  [
    'rerun',
    {
      usage: 'rerun [subject]',
      summary: 'run a rehearsal again from what was kept of it, and compare',
      load: () => load(import('./commands/rerun.ts')),
    },
  ],
  [
    'fsck',
    {
      usage: 'fsck',
      summary: 'check every byte of the ledger',
      load: () => load(import('./commands/fsck.ts')),
    },
  ],
  [
    'validator',
    {
      usage: 'validator <action> [file]',
      summary: 'list, pin, expect or self-test the validators that judge rehearsals',
      load: () => load(import('./commands/validator.ts')),
    },
  ],
]);
