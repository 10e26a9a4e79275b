import { SESSION_PRAGMAS } from '../../src/engines/sqlite/script/pragmas.ts';
import { PINS } from '../../src/engines/postgres/capture/pins.ts';
import { FORBIDDEN_FUNCTIONS } from '../../src/engines/postgres/roles.ts';

/** Lists of the engines that are code and must not be copied by hand. */
export function sqlitePragmas(): string[] {
  return [...SESSION_PRAGMAS];
}

export function postgresPins(): string[] {
  return PINS.map(([name, value]) => `${name} = ${value}`);
}

export function postgresFunctions(): string[] {
  return [...FORBIDDEN_FUNCTIONS].sort();
}
