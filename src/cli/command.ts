import type { Argv } from 'yargs';
import type { Context } from './context.ts';

/** One command: its options for yargs, and what it does. It returns a public exit code (spec/CLI.md, "Exit codes"). */
export interface Command<A> {
  /** A paragraph for `--help`. */
  readonly about: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
  options(yargs: Argv): Argv<A>;
  run(args: A, context: Context): Promise<number>;
}

/** Keeps the options' type between `options` and `run`. */
export function defineCommand<A>(command: Command<A>): Command<A> {
  return command;
}
