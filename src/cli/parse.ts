import yargs, { type Argv } from 'yargs';
import { CustodyError } from '../errors.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { Context, type CommonArgs } from './context.ts';
import type { Io } from './io.ts';
import { version } from './version.ts';

/** Parses with yargs and runs the one command that is named. @throws CustodyError USAGE, and what the command throws. */
export async function parseAndRun(argv: readonly string[], io: Io): Promise<number> {
  const name = argv.find((word) => !word.startsWith('-'));
  const chosen = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const command = chosen && (await chosen.load());
  let exit = 0;
  let output = '';
  const parser = base(io);
  for (const { usage, summary } of Object.values(COMMANDS)) {
    if (usage === chosen?.usage) continue;
    parser.command(usage, summary);
  }
  if (command && chosen) {
    parser.command(
      command.usage,
      chosen.summary,
      (y) => describe(command, y) as Argv<unknown>,
      async (args) => {
        exit = await command.run(args as never, new Context(io, args as unknown as CommonArgs));
      },
    );
  }
  await parser.parseAsync([...argv], {}, (error, _args, text) => {
    if (error) throw error;
    output = text;
  });
  if (output !== '') io.stdout.write(`${output}\n`);
  else if (name === undefined) {
    io.stdout.write(`${await parser.getHelp()}\n`);
    return 2;
  }
  return exit;
}

function base(io: Io): Argv {
  return yargs()
    .scriptName('custody')
    .usage(
      'custody <command> [options]\n\nRehearses a database change and its rollback on an isolated clone, proves row by row that the before-state comes back,\nand keeps the evidence in a ledger that nobody can change unnoticed. Start with: custody demo',
    )
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'print one JSON document',
      group: 'Everywhere:',
    })
    .option('ledger', {
      type: 'string',
      requiresArg: true,
      describe: 'folder of the ledger (default: the nearest .custody upwards)',
      group: 'Everywhere:',
    })
    .option('quiet', {
      alias: 'q',
      type: 'boolean',
      default: false,
      describe: 'print nothing but errors',
      group: 'Everywhere:',
    })
    .help('help', 'show this help')
    .alias('help', 'h')
    .group(['help', 'version'], 'Everywhere:')
    .version(version())
    .parserConfiguration({
      'duplicate-arguments-array': false,
      'boolean-negation': false,
      'parse-positional-numbers': false,
      'parse-numbers': false,
      'dot-notation': false,
    })
    .wrap(Math.min(120, Number(io.env['COLUMNS'] ?? 0) || 100))
    .strict()
    .demandCommand(0)
    .exitProcess(false)
    .showHelpOnFail(false)
    .epilogue(
      'Exit codes: 0 done and clean · 1 faulty evidence · 2 wrong usage · 3 refused before anything ran ·\n4 I/O or environment · 70 a bug of custody. custody <command> --help says more.',
    )
    .fail((message, error) => {
      // yargs types the error as always there; it is missing for faults of usage.
      if ((error as Error | undefined) !== undefined) throw error;
      throw new CustodyError('USAGE', message, {
        hint: 'custody --help lists the commands; custody <command> --help their options.',
      });
    });
}

function describe(command: Command<never>, y: Argv): Argv {
  const described = command.options(y.usage(`custody ${command.usage}\n\n${command.about}`)) as Argv;
  for (const [example, what] of command.examples) described.example(example, what);
  return described;
}
