import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { AppendResult, Ledger } from '../ledger/ledger.ts';
import type { Io } from './io.ts';
import { jsonText, printable, printableLines } from './text.ts';

const WHY_UNSIGNED: Record<NonNullable<AppendResult['unsigned']>, string> = {
  KEY_ABSENT: "you do not have this log's key; the head is ahead of its last signed checkpoint.",
  CHECKPOINT_INVALID:
    'the last checkpoint is not one that the key of this log can follow. Run custody fsck; restore heads/main from a copy of the ledger.',
  OBJECT_VERSION_UNKNOWN:
    'the last checkpoint is of a version that this custody does not know. Use a newer one; what it appends signs this too.',
  CLOCK_BEHIND:
    'the clock of this machine is behind the time that was signed last. Set it; what is appended next signs this too.',
};

/** Options that every command takes. */
export interface CommonArgs {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly ledger?: string | undefined;
}

/** The whole command line: `run` of main.ts, which nothing below may import. */
export type Main = (argv: readonly string[], io: Io) => Promise<number>;

/** What a command works with: where it prints, which ledger is meant, when to stop. */
export class Context {
  readonly io: Io;
  readonly args: CommonArgs;
  readonly #main: Main;

  constructor(io: Io, args: CommonArgs, main: Main) {
    this.io = io;
    this.args = args;
    this.#main = main;
  }

  /** Runs another command as a user would, in a place of its own, and gives what it says. */
  readonly runCommand = async (
    argv: readonly string[],
    place: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
  ): Promise<{ exit: number; stdout: string; stderr: string }> => {
    const out: Buffer[] = [];
    let stderr = '';
    const exit = await this.#main(argv, {
      ...place,
      stdout: { write: (data) => out.push(Buffer.from(data)) },
      stderr: { write: (data) => (stderr += data) },
    });
    return { exit, stdout: Buffer.concat(out).toString('utf8'), stderr };
  };

  get signal(): AbortSignal {
    return this.io.signal;
  }

  /** A path as the user gave it, from where the user stands. */
  path(path: string): string {
    return resolve(this.io.cwd, path);
  }

  /** The ledger that `--ledger` names, or the nearest one upwards. @throws LEDGER_NOT_FOUND, … */
  async openLedger(): Promise<Ledger> {
    const { Ledger } = await import('../ledger/ledger.ts');
    const options = { keys: await this.keys() };
    return this.args.ledger === undefined
      ? Ledger.find(this.io.cwd, options)
      : Ledger.open(this.path(this.args.ledger), options);
  }

  /** Where the private keys of this user's logs are. */
  async keys(): Promise<string> {
    const { keyFolder } = await import('../ledger/log-key.ts');
    return keyFolder(this.io.env);
  }

  /** The one document of `--json`, or the text for people. */
  print(document: unknown, text: () => string): void {
    if (this.args.json) this.io.stdout.write(jsonText(document));
    else if (!this.args.quiet) this.io.stdout.write(printableLines(text()));
  }

  /** Said beside the result, where a person reads. */
  warn(text: string): void {
    if (!this.args.json && !this.args.quiet) this.io.stderr.write(`${printable(text)}\n`);
  }

  /** For every command that appends. */
  warnUnsigned(unsigned: AppendResult['unsigned']): void {
    if (unsigned !== null) this.warn(`NOT SIGNED (${unsigned}): ${WHY_UNSIGNED[unsigned]}`);
  }

  /** A passing phrase, on a terminal only. */
  readonly progress = (phrase: string): void => {
    if (this.io.stderr.isTTY === true && !this.args.quiet && !this.args.json)
      this.io.stderr.write(`\r\u001b[K… ${printable(phrase)}`);
  };

  /** Wipes the last phrase away. */
  progressDone(): void {
    if (this.io.stderr.isTTY === true && !this.args.quiet && !this.args.json)
      this.io.stderr.write('\r\u001b[K');
  }

  get author(): string {
    return this.io.env['CUSTODY_AUTHOR'] || this.io.env['USER'] || this.io.env['LOGNAME'] || systemUser();
  }
}

/** The operating system's answer; a user without a name there is unknown. */
function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // an author's name is a claim, and a user without one may record as well
  }
}
