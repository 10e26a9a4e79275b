import type { Engine } from './engine.ts';

/** How an engine's counters behave, for what reads a plan before its engine is loaded. */
interface Counters {
  /** Each belongs to the table whose name it has, and comes into being with the first row of that table. */
  readonly ofTables: boolean;
  /** Why none is left moved by any way back but a rollback script; undefined where one may be. */
  readonly undone: string | undefined;
}

export const COUNTER_RULES: Readonly<Record<Engine['name'], Counters>> = {
  sqlite: {
    ofTables: true,
    undone: 'SQLite undoes its counters with everything else; only a rollback script may leave one moved',
  },
  postgres: { ofTables: false, undone: undefined },
};
