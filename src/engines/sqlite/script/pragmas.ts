import { CustodyError } from '../../../errors.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

/**
 * Session pragmas that a plan may set. All of them act on one connection and leave no byte in the file; anything else is
 * refused: `query_only`, `writable_schema`, `journal_mode`, `user_version` and the like would change what is rehearsed.
 */
const BOOLEAN = [
  'foreign_keys',
  'recursive_triggers',
  'trusted_schema',
  'defer_foreign_keys',
  'ignore_check_constraints',
  'reverse_unordered_selects',
  'automatic_index',
] as const;
/** Pages (or KiB, when negative) that a connection keeps in memory; a small one makes a transaction spill early. */
const NUMBER = ['cache_size'] as const;
export const SESSION_PRAGMAS: readonly string[] = [...BOOLEAN, ...NUMBER];

/** Pinned whatever a library's own defaults are: node:sqlite and better-sqlite3 differ from the sqlite3 shell. */
const PINNED: Pairs = [
  ['foreign_keys', '1'],
  ['recursive_triggers', '0'],
  ['trusted_schema', '0'],
];

/**
 * The pragmas of a session: the pinned ones, then the plan's, values normalised to what SQLite reads back.
 * @throws CustodyError USAGE for a pragma that is not in {@link SESSION_PRAGMAS} or has an unusable value.
 */
export function sessionPragmas(plan: Pairs): [name: string, value: string][] {
  const settings = new Map<string, string>(PINNED);
  for (const [given, value] of plan) {
    const name = given.toLowerCase();
    if (!SESSION_PRAGMAS.includes(name)) {
      throw new CustodyError('USAGE', `the session pragma ${JSON.stringify(given)} cannot be set by a plan`, {
        hint: `Use only: ${SESSION_PRAGMAS.join(', ')}.`,
      });
    }
    settings.set(name, normalise(name, value));
  }
  return [...settings];
}

function normalise(name: string, value: string): string {
  if ((NUMBER as readonly string[]).includes(name)) {
    if (/^-?[0-9]{1,9}$/.test(value)) return String(Number(value));
  } else {
    if (/^(1|on|true|yes)$/i.test(value)) return '1';
    if (/^(0|off|false|no)$/i.test(value)) return '0';
  }
  throw new CustodyError('USAGE', `${JSON.stringify(value)} is no value for the session pragma ${name}`, {
    hint: (NUMBER as readonly string[]).includes(name) ? 'Give a whole number.' : 'Give ON or OFF.',
  });
}
