import { hasControlCharacter } from '../objects/control-characters.ts';
import type { Argv } from 'yargs';
import { CustodyError } from '../errors.ts';
import type { Context } from './context.ts';
import { value } from './options.ts';

export interface WritingArgs {
  message: string | undefined;
  lane: string | undefined;
  author: string | undefined;
  'lock-timeout': number;
}

/** Options of every command that appends to the log. */
export function writingOptions<T>(y: Argv<T>): Argv<T & WritingArgs> {
  return y
    .option('message', { alias: 'm', ...value('what this is, for the log') })
    .option('lane', value('the lane that works (default: $CUSTODY_LANE, else main)'))
    .option('author', value('who (default: $CUSTODY_AUTHOR, else your user name)'))
    .option('lock-timeout', {
      type: 'number',
      default: 30,
      requiresArg: true,
      describe: 'seconds to wait for other writers',
    });
}

/** What the library needs of them. @throws CustodyError USAGE */
export function writing(
  args: WritingArgs,
  context: Context,
): { author: string; lane: string; lockTimeout: number; signal: AbortSignal } {
  const seconds = args['lock-timeout'];
  if (!(seconds >= 0 && seconds <= 86_400))
    throw new CustodyError('USAGE', '--lock-timeout takes seconds from 0 to 86400', {
      hint: 'Give a number of seconds.',
    });
  return {
    author: checkName('author', args.author ?? context.author),
    lane: checkName('lane', args.lane ?? (context.io.env['CUSTODY_LANE'] || 'main')),
    lockTimeout: Math.round(seconds * 1000),
    signal: context.signal,
  };
}

function checkName(what: string, name: string): string {
  if (name === '' || name.length > 200 || hasControlCharacter(name)) {
    throw new CustodyError('USAGE', `--${what} takes a name of 1 to 200 characters on one line`, {
      hint: `Give another ${what}.`,
    });
  }
  return name;
}

/** A record is a leaf of the log and must stay small; a message belongs to its entry and may be longer. */
export function checkMessage(message: string): string {
  if (message.length > 10_000)
    throw new CustodyError('USAGE', 'the message is longer than 10,000 characters', {
      hint: 'Put the text into the packet.',
    });
  return message;
}
