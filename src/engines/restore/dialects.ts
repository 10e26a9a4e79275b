import type { ObjectOf } from '../../objects/kinds.ts';
import { postgresDialect } from '../postgres/restore/statements.ts';
import { sqliteDialect } from '../sqlite/restore/statements.ts';
import type { Dialect } from './model.ts';

/** How the engine of a snapshot writes restore scripts. */
export function dialectOf(snapshot: ObjectOf<'snapshot'>): Dialect {
  return snapshot.engine === 'sqlite' ? sqliteDialect(snapshot) : postgresDialect;
}
