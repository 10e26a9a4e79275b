import { CustodyError } from '../../errors.ts';
import { quoteLiteral } from './names.ts';

/** Settings that a plan may pin for the executor's session: how text is read and printed, and names are found. */
const ALLOWED = new Set([
  'application_name',
  'bytea_output',
  'check_function_bodies',
  'client_min_messages',
  'datestyle',
  'default_transaction_isolation',
  'extra_float_digits',
  'intervalstyle',
  'lock_timeout',
  'search_path',
  'statement_timeout',
  'timezone',
  'xmlbinary',
  'xmloption',
]);

/** A setting of an application's own: `app.tenant`. */
const CUSTOM = /^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/i;

type Settings = readonly (readonly [name: string, value: string])[];

/** @throws CustodyError USAGE for a setting that is unknown or could undo a protection. */
export function checkSettings(settings: Settings): void {
  for (const [name, value] of settings) {
    if (!ALLOWED.has(name.toLowerCase()) && !CUSTOM.test(name)) {
      throw new CustodyError('USAGE', `the session setting ${name} is not allowed`, {
        hint: `Allowed are ${[...ALLOWED].join(', ')} and settings of your own with a dot in their name.`,
        path: name,
      });
    }
    if (value.includes('\0'))
      throw new CustodyError('USAGE', `the value of ${name} holds a NUL byte`, { path: name });
  }
}

/** SQL that makes them for the session. set_config reads a search_path as `SET` does not: as a list in one text. */
export function settingsSql(settings: Settings): string {
  return settings
    .map(
      ([name, value]) => `SELECT pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`,
    )
    .join('; ');
}
