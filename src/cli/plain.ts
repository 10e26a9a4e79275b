import type { CommonArgs } from './context.ts';

/**
 * `cat ID` and `cat ID --ledger DIR`, read without the parser of all the other command lines: programs call this once an
 * object, and loading yargs takes longer than the work. Undefined for every other line, however slightly it differs.
 */
export function plainCat(argv: readonly string[]): (CommonArgs & { id: string }) | undefined {
  const [command, id, option, ledger] = argv;
  if (command !== 'cat' || id === undefined || id === '' || id.startsWith('-')) return undefined;
  const common = { id, json: false, quiet: false };
  if (argv.length === 2) return common;
  if (argv.length !== 4 || option !== '--ledger' || ledger === undefined) return undefined;
  return ledger === '' || ledger.startsWith('-') ? undefined : { ...common, ledger };
}
