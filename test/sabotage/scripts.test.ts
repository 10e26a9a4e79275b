import type Database from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import { byCode } from '../support/refusals.ts';
import type { Saboteur } from './harness.ts';
import { LooseSession, type Loose } from './loose-session.ts';
import {
  accepted,
  caught,
  drill,
  CHANGE,
  sabotaged,
  ROLLBACK,
  useStage,
  type Sabotage,
  type Setting,
} from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

const stage = useStage();

/** A trigger that somebody left in production: it writes to a table that the plan does not name. */
const SPY = `CREATE TRIGGER spy AFTER INSERT ON births
  BEGIN INSERT INTO issues (text) VALUES (new.name); END;`;

const REFUSED = byCode<[path: string, setting: Setting]>({
  TRANSACTION_CONTROL: [
    ['commits early', 'executor/statement 3', { executor: `${CHANGE} COMMIT; BEGIN;` }],
    ['opens a savepoint', 'executor/statement 3', { executor: `${CHANGE} SAVEPOINT s;` }],
    ['has a rollback script that commits', 'rollback/statement 5', { rollback: `${ROLLBACK} COMMIT;` }],
  ],
  BOUNDARY_VIOLATED: [
    [
      'writes to another table',
      'executor/statement 3',
      { executor: `${CHANGE} INSERT INTO notes VALUES ('x');` },
    ],
    [
      'deletes on the side',
      'executor/statement 3',
      { executor: `${CHANGE} DELETE FROM births WHERE id = 3;` },
    ],
    ['sets writable_schema', 'executor/statement 1', { executor: `PRAGMA writable_schema = ON; ${CHANGE}` }],
    [
      'makes a temporary table of a real one’s name',
      'executor/statement 1',
      { executor: `CREATE TEMP TABLE births AS SELECT * FROM main.births; ${CHANGE}` },
    ],
    [
      'makes a temporary view of a real table’s name',
      'executor/statement 1',
      { executor: `CREATE TEMP VIEW register AS SELECT 1; ${CHANGE}` },
    ],
    [
      'replaces rows',
      'executor/statement 3',
      { executor: `${CHANGE} INSERT OR REPLACE INTO documents (id, title) VALUES ('d1', 'x');` },
    ],
    [
      'drops a trigger and makes it again',
      'executor/statement 1',
      { executor: `DROP TRIGGER births_registered; ${CHANGE}` },
    ],
    ['fires a trigger that writes outside of the plan', 'executor/statement 2', { database: SPY }],
    [
      'writes through a view whose trigger writes outside of the plan',
      'executor/statement 3',
      {
        database: `DROP TRIGGER living_born; CREATE TRIGGER living_born INSTEAD OF INSERT ON living
        BEGIN INSERT INTO notes VALUES (new.name); END;`,
        executor: `${CHANGE} INSERT INTO living (name) VALUES ('cain');`,
      },
    ],
    [
      'has a rollback script that reaches further than its change',
      'rollback/statement 5',
      { rollback: `${ROLLBACK} DELETE FROM issues;` },
    ],
  ],
});

describe('refused before anything runs: an executor that', () => {
  it.each(REFUSED)('%s', async (_, code, path, setting) => {
    const opened: string[] = [];
    const watch: Saboteur = { session: (__, { label }) => (opened.push(label), {}) };
    const error = await sabotaged(stage.set(setting), watch);
    expect({ code: error.code, path: error.path }).toEqual({ code, path });
    expect(opened).toEqual([]);
  });

  it('writes through the view as it is, which is fine', async () => {
    await accepted(stage, {
      executor: `${CHANGE} INSERT INTO living (name) VALUES ('cain');`,
      plan: `delta: { documents: { inserted: 1 }, births: { inserted: 3 }, register: { inserted: 3 } }
postconditions: []`,
    });
  });
});

const RAISING = `CREATE TRIGGER raising BEFORE INSERT ON births WHEN new.name = 'enos'
  BEGIN SELECT RAISE(ROLLBACK, 'no'); END;`;
const DUPLICATE = `INSERT OR ROLLBACK INTO births (document, name) VALUES ('d1', 'eve');`;

const RUN: Sabotage[] = [
  {
    name: 'INSERT OR ROLLBACK ends the transaction; what follows would commit on its own',
    setting: { executor: CHANGE.replace('\n', `\n${DUPLICATE}\n`) },
    caught: ['TRANSACTION_LOST legs/T/executor/statement 2', 'TRANSACTION_LOST legs/T/ended'],
  },
  {
    name: 'a trigger raises ROLLBACK',
    setting: { database: RAISING },
    caught: ['TRANSACTION_LOST legs/T/executor/statement 2', 'TRANSACTION_LOST legs/T/ended'],
  },
  {
    name: 'a statement fails half way',
    setting: { executor: `${CHANGE} INSERT INTO births (document, name) VALUES ('none', 'cain');` },
    caught: ['SQL_FAILED legs/T/executor/statement 3'],
  },
  {
    name: 'a deferred foreign key fails at COMMIT: ROLLBACK never noticed',
    setting: { executor: CHANGE.replace(`'enos', 6`, `'enos', 99`) },
    caught: ['SQL_FAILED legs/R/executor', 'TRANSACTION_LOST legs/R/ended'],
  },
  {
    name: 'the script does not end, and is ended; the clone comes back all the same',
    setting: {
      executor: `${CHANGE} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT count(*) FROM n;`,
      plan: 'timeLimit: 2',
    },
    apart: true,
    caught: ['TIME_LIMIT legs/T/executor'],
  },
];

describe('recorded and rejected', () => {
  it.each(RUN)('$name', async (sabotage) => {
    const { legs, before } = await caught(stage, sabotage);
    const last = legs.at(-1);
    expect(last).toMatchObject({ ended: 'failed', open: false, quarantined: false, identical: true });
    expect(last?.back?.snapshot).toEqual(before.snapshot);
  });
});

/** A careless engine's session in leg T: everything is allowed in it. */
const loose = (what: Loose) => (): Saboteur => ({
  on: 'T',
  clone: (_, { file }) => ({ open: async () => new LooseSession(file, what) }),
});
const each = (db: Database.Database, script: string): void => {
  for (const statement of script.split(/(?<=;)\n/).filter((text) => text.trim() !== ''))
    try {
      db.exec(statement);
    } catch {
      // Swallowed: the next one runs as if nothing had happened.
    }
};

const LOOSE: Sabotage[] = [
  {
    name: 'a session that swallows the error of one statement and goes on',
    setting: { executor: CHANGE.replace(`('d3', 'enos', 6)`, `('d3', 'eve', 6)`) },
    saboteur: loose({ apply: each }),
    caught: ['DELTA_UNEXPECTED legs/T/delta', 'DELTA_UNEXPECTED legs/T/delta/births'],
  },
  {
    name: 'a connection with a temporary table of a real one’s name, which takes the rows',
    saboteur: loose({ opened: (db) => db.exec(`CREATE TEMP TABLE births AS SELECT * FROM main.births`) }),
    caught: ['DELTA_UNEXPECTED legs/T/delta', 'DELTA_UNEXPECTED legs/T/delta/births'],
  },
  {
    name: 'a connection with a temporary view that tells the last condition what it wants to hear',
    setting: { executor: CHANGE.replace(`, ('d3', 'enos', 6)`, '') },
    saboteur: loose({
      opened: (db) => db.exec(`CREATE TEMP VIEW register AS SELECT value FROM json_each('[1,2,3,4]')`),
    }),
    caught: ['DELTA_UNEXPECTED legs/T/delta', 'DELTA_UNEXPECTED legs/T/delta/register'],
  },
  {
    name: 'a connection whose gate reads a temporary table, which says something else than the before-state',
    saboteur: loose({
      opened: (db) =>
        db.exec(`CREATE TEMP TABLE approvals AS SELECT 'approved' AS state UNION ALL SELECT 'approved'`),
    }),
    caught: ['BEFORE_DIVERGED legs/T/preflight/approved'],
  },
  {
    name: 'a connection with a temporary trigger that writes elsewhere',
    saboteur: loose({
      opened: (db) =>
        db.exec(`CREATE TEMP TRIGGER spy AFTER INSERT ON births BEGIN UPDATE issues SET open = 0; END`),
    }),
    caught: ['BOUNDARY_EXCEEDED legs/T/after/issues', 'DELTA_UNEXPECTED legs/T/delta'],
  },
  {
    name: 'a session that writes the schema: another body for a trigger, with writable_schema',
    saboteur: loose({
      apply: (db, script) => {
        db.exec(script);
        db.pragma('writable_schema = ON');
        db.exec(
          `UPDATE sqlite_schema SET sql = replace(sql, '''registered''', '''seen''') WHERE name = 'births_registered'`,
        );
      },
    }),
    caught: [
      'BOUNDARY_EXCEEDED legs/T/after/schema/trigger births_registered',
      'DELTA_UNEXPECTED legs/T/delta',
    ],
  },
  {
    name: 'a session that fires a trigger outside of the plan, and says nothing',
    setting: { database: SPY },
    saboteur: () => ({
      clone: (_, { label, file }) => ({
        check: async () => [],
        ...(label === 'T' && { open: async () => new LooseSession(file) }),
      }),
    }),
    caught: ['BOUNDARY_EXCEEDED legs/T/after/issues', 'DELTA_UNEXPECTED legs/T/delta'],
  },
];

describe('a careless engine', () => {
  it('with nothing to be careless about is accepted', async () => {
    const { found, hits } = await drill(stage.set(), loose({})());
    expect({ found, hits }).toEqual({ found: [], hits: 1 });
  });

  it.each(LOOSE)('$name', async (sabotage) => {
    await caught(stage, sabotage);
  });
});
