/** What yargs is told of an option or a word, by its sort: said once, so that all commands mean the same by it. */

/** An option that takes one value. */
export const value = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const;

/** An option that takes several values, or is given several times. */
export const values = (describe: string) =>
  ({ type: 'string', array: true, requiresArg: true, default: [] as string[], describe }) as const;

/** An option that is there or not. */
export const flag = (describe: string) => ({ type: 'boolean', default: false, describe }) as const;

/** A word that must be there. */
export const word = (describe: string) => ({ type: 'string', demandOption: true, describe }) as const;

/** For every command that runs a validator of somebody else's. */
export const UNSANDBOXED = flag('run foreign validators without a sandbox where none is granted');
