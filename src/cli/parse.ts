import yargs, { type Argv } from 'yargs';
import { CustodyError } from '../errors.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { Context, type CommonArgs, type Main } from './context.ts';
import type { Io } from './io.ts';
import { flag, value } from './options.ts';
import { VERSION } from '../system/own-package.ts';

/** Parses with yargs and runs the one command that is named. @throws CustodyError USAGE, and what the command throws. */
export async function parseAndRun(argv: readonly string[], io: Io, main: Main): Promise<number> {
  const name = commandName(argv);
  const chosen = name === undefined ? undefined : COMMANDS.get(name);
  if (name !== undefined && !chosen) throw usage(`there is no command ${JSON.stringify(name)}`);
  const command = chosen && (await chosen.load());
  let exit: number | undefined;
  let output = '';
  const parser = base(io, name);
  for (const { usage: words, summary } of COMMANDS.values()) {
    if (words !== chosen?.usage) parser.command(words, summary);
  }
  if (command) {
    parser.command(
      chosen.usage,
      chosen.summary,
      (y) => describe(command, chosen.usage, y) as Argv<unknown>,
      async (args) => {
        exit = await command.run(args as never, new Context(io, args as unknown as CommonArgs, main));
      },
    );
  }
  await parser.parseAsync(withPaths(argv), {}, (error, _args, text) => {
    if (error) throw error;
    output = text;
  });
  if (output !== '') io.stdout.write(`${output}\n`);
  else if (name === undefined) {
    if (argv.includes('--json')) throw usage('no command was given');
    io.stdout.write(`${await parser.getHelp()}\n`);
    return 2;
  }
  // Help and version are answers of their own. Whatever else did not run a command did not do what was asked.
  if (exit === undefined && output === '') throw usage('the command was not understood', name);
  return exit ?? 0;
}

/** The first word that is no option and no option's value. Of the options before a command, only --ledger takes one. */
function commandName(argv: readonly string[]): string | undefined {
  return argv.find((word, i) => !word.startsWith('-') && argv[i - 1] !== '--ledger');
}

/** yargs drops every word after `--`. Nothing but a path can begin with a dash there. */
function withPaths(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  if (end < 0) return [...argv];
  const paths = argv.slice(end + 1).map((word) => (word.startsWith('-') ? `./${word}` : word));
  return [...argv.slice(0, end), ...paths];
}

function usage(message: string, command?: string): CustodyError {
  return new CustodyError('USAGE', message, {
    hint:
      command === undefined
        ? 'custody --help lists the commands.'
        : `custody ${command} --help shows its options.`,
  });
}

function base(io: Io, name: string | undefined): Argv {
  return yargs()
    .scriptName('custody')
    .locale('en')
    .usage(
      'custody <command> [options]\n\nRehearses a database change and its rollback on an isolated clone, proves row by row that the before-state comes back, and keeps the evidence in a ledger that nobody can change unnoticed. Start with: custody demo',
    )
    .option('json', flag('print one JSON document'))
    .option('ledger', value('folder of the ledger (default: the nearest .custody upwards)'))
    .option('quiet', { alias: 'q', ...flag('print nothing but errors') })
    .help('help', 'show this help')
    .alias('help', 'h')
    .version('version', 'show the version', VERSION)
    .alias('version', 'V')
    .group(['json', 'ledger', 'quiet', 'help', 'version'], 'Everywhere:')
    .parserConfiguration({
      'boolean-negation': false,
      'parse-positional-numbers': false,
      'parse-numbers': false,
      'dot-notation': false,
    })
    .wrap(Math.min(120, Number(io.env['COLUMNS'] ?? 0) || 100))
    .strict()
    .check((args, known) => {
      const twice = givenTwice(args, known);
      if (twice !== undefined) throw usage(`--${twice} is given twice`, name);
      return true;
    })
    .demandCommand(0)
    .exitProcess(false)
    .showHelpOnFail(false)
    .epilogue(
      'Exit codes: 0 done and clean · 1 faulty evidence · 2 wrong usage · 3 refused before the change ran · 4 I/O or environment · 70 a bug of custody. custody <command> --help says more, spec/CLI.md has every code.',
    )
    .fail((message, error) => {
      // yargs types the error as always there; it is missing for faults of usage, and its own are of class YError.
      const thrown = error as Error | undefined;
      if (thrown !== undefined && thrown.name !== 'YError') throw thrown;
      throw usage(faultOf(message || (thrown?.message ?? ''), name), name);
    });
}

/**
 * An option that takes one value and got more: which one was meant nobody knows. Of an option that takes several every
 * value counts. @param known what yargs knows of its options, which its types do not say.
 */
function givenTwice(args: Readonly<Record<string, unknown>>, known: object): string | undefined {
  const lists = new Set('array' in known && Array.isArray(known.array) ? known.array.map(String) : []);
  const camelCase = (name: string): string =>
    name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  for (const name of [...lists]) lists.add(camelCase(name));
  return Object.keys(args).find((name) => name !== '_' && Array.isArray(args[name]) && !lists.has(name));
}

/** What yargs says, in one line and in our words where its own are hard to understand. */
function faultOf(message: string, name: string | undefined): string {
  const missing = /^Not enough non-option arguments: got (\d+)/.exec(message);
  const command = name === undefined ? undefined : COMMANDS.get(name);
  const lacking = missing && command?.usage.split(' ')[1 + Number(missing[1])];
  if (command && lacking) return `${lacking} is missing: custody ${command.usage}`;
  const valueless = /^Not enough arguments following: (.*)$/.exec(message);
  if (valueless) return `--${valueless[1]!} needs a value`;
  const choice = /^Invalid values:\s+Argument: (.*), Given: (.*), Choices: (.*)$/s.exec(message);
  if (choice) return `${choice[1]!} cannot be ${choice[2]!}: choose from ${choice[3]!.trim()}`;
  return message
    .replace(/\s*\n\s*/g, ' ')
    .replace(/^Unknown arguments?/, 'no such option or argument')
    .trim();
}

function describe(command: Command<never>, usage: string, y: Argv): Argv {
  // Lines that are not indented are one paragraph; yargs wraps it.
  const about = command.about.replace(/\n(?![ \n])/g, ' ');
  const described = command.options(y.usage(`custody ${usage}\n\n${about}`)) as Argv;
  for (const [example, what] of command.examples) described.example(example, what);
  // A group is shown where it was named first: the command's own options before those of every command.
  described.group([], 'Options:');
  return described;
}
