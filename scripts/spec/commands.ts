import yargs, { type Argv } from 'yargs';
import { COMMANDS } from '../../src/cli/commands.ts';
import { table } from './codes.ts';

/** Each command with its own options and what it does, as its help says. */
export async function commands(): Promise<string[]> {
  const rows = [...COMMANDS.values()].map(async ({ usage, summary, load }) => [
    `\`${usage}\``,
    (await optionsOf(await load())).join(' '),
    summary,
  ]);
  return table(['command', 'options', 'does'], await Promise.all(rows));
}

async function optionsOf(command: { options(y: Argv): unknown }): Promise<string[]> {
  const parser = yargs().help(false).version(false).wrap(null);
  command.options(parser);
  const lines = (await parser.getHelp()).split('\n');
  return lines.flatMap((line) => {
    const [, short, name] = /^\s+(?:(-[a-z]), )?(--[a-z-]+)/.exec(line) ?? [];
    if (name === undefined) return [];
    return short === undefined ? [`\`${name}\``] : [`\`${name}\` (\`${short}\`)`];
  });
}
