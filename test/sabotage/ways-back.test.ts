import { copyFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { damageFile, type CloneAt, type Saboteur } from './harness.ts';
import { accepted, BEFORE_AFTER, caught, useStage, type Sabotage } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

const stage = useStage();

/** Damage to the closed file of leg T after its transaction was rolled back, as a rollback that went wrong would do. */
const afterRollback = (sql: string) => (): Saboteur => ({
  on: 'T',
  session: (real, { damage }) => ({
    [Symbol.asyncDispose]: async () => {
      await real[Symbol.asyncDispose]();
      damage(sql);
    },
  }),
});

/** ROLLBACK that commits, and says nothing. */
const committing = (): Saboteur => ({ on: 'T', session: (real) => ({ rollback: () => real.commit() }) });

/** A rowid table keeps its rows in another order of columns. */
const REBUILT = `CREATE TABLE moved (id INTEGER PRIMARY KEY, open INTEGER NOT NULL DEFAULT 1, text TEXT NOT NULL);
  INSERT INTO moved SELECT id, open, text FROM issues; DROP TABLE issues; ALTER TABLE moved RENAME TO issues;`;

/** Rollbacks that went wrong: what they leave in the closed file, and what of leg T is then not exact. */
const ROLLBACKS: readonly [name: string, sql: string, ...caught: string[]][] = [
  ['restores all but one row', `DELETE FROM documents WHERE id = 'd2'`, 'back/documents'],
  [
    'keeps one row of the change',
    `INSERT INTO documents (id, title) VALUES ('d3', 'three')`,
    'back/documents',
  ],
  [
    'changes a row of a table that has nothing to do with it',
    `UPDATE issues SET open = 0 WHERE id = 1`,
    'back/issues',
  ],
  [
    'turns a text into the same bytes as a blob',
    `UPDATE documents SET title = x'6f6e65' WHERE id = 'd1'`,
    'back/documents',
  ],
  ['changes the order of columns', REBUILT, 'back/schema/table issues', 'back/table/issues'],
  [
    'makes an index anew, with its columns the other way round',
    `DROP INDEX births_by_document;
      CREATE INDEX births_by_document ON births (name, document)`,
    'back/schema/index births_by_document',
  ],
  ['loses a trigger', 'DROP TRIGGER births_registered', 'back/schema/trigger births_registered'],
  [
    'makes a trigger anew, with another body',
    `DROP TRIGGER births_registered; CREATE TRIGGER births_registered AFTER INSERT ON births
      BEGIN INSERT INTO register VALUES (new.id, 'not registered'); END`,
    'back/schema/trigger births_registered',
  ],
  [
    'makes a view anew, with another body',
    `DROP VIEW living; CREATE VIEW living AS SELECT name, 'registered' AS state FROM births`,
    'back/schema/view living',
  ],
  [
    'leaves a counter where the change had moved it',
    `UPDATE sqlite_sequence SET seq = 7 WHERE name = 'births'`,
    'back/sequence/births',
  ],
  ['changes user_version', 'PRAGMA user_version = 8', 'back/database/user_version'],
  [
    'puts a row back under another rowid',
    `DELETE FROM notes WHERE text = 'a'; INSERT INTO notes VALUES ('a')`,
    'back/notes',
  ],
  [
    'changes only what no snapshot holds: bytes of a freed page',
    `CREATE TABLE gone (a); INSERT INTO gone VALUES (zeroblob(9000)); DROP TABLE gone`,
    'identical',
  ],
];

const SABOTAGES: Sabotage[] = [
  ...ROLLBACKS.map(([name, sql, ...found]) => ({
    name: `a rollback that ${name}`,
    saboteur: afterRollback(sql),
    caught: found.map((path) => `ROLLBACK_NOT_EXACT legs/T/${path}`),
  })),
  {
    name: 'a rollback that does nothing',
    saboteur: committing,
    caught: ['ROLLBACK_ASSUMED legs/T/back'],
  },
  {
    name: 'a row that a second connection changes in leg T as soon as the lock is gone',
    saboteur: () => ({
      on: 'T',
      session: (real, { damage }) => ({
        apply: async (script, boundary) => {
          await real.apply(script, boundary);
          // While the transaction is open, nobody else gets in.
          expect(() => damage(`UPDATE issues SET text = 'x'`)).toThrow(/locked/);
        },
        rollback: async () => {
          await real.rollback();
          damage(`UPDATE issues SET text = 'x' WHERE id = 2`);
        },
      }),
    }),
    caught: ['ROLLBACK_NOT_EXACT legs/T/back/issues'],
  },
  {
    name: 'a session that commits early: inside leg T, and goes on in a new transaction',
    saboteur: () => ({
      on: 'T',
      session: (real) => ({
        apply: async (script, boundary) => {
          await real.apply(script, boundary);
          await real.commit();
          await real.begin();
        },
      }),
    }),
    caught: ['ROLLBACK_ASSUMED legs/T/back'],
  },
  {
    name: 'a restore that does nothing',
    saboteur: () => ({ on: 'R', clone: () => ({ reset: async () => undefined }) }),
    caught: ['ROLLBACK_ASSUMED legs/R/back'],
  },
  {
    name: 'a restore that puts another image back: a sound database of another day',
    saboteur: () => ({
      on: 'R',
      clone: (real, { file, image }) => ({
        reset: async () => {
          await real.reset();
          copyFileSync(image, file);
          damageFile(file, 'DELETE FROM issues WHERE id = 2');
        },
      }),
    }),
    caught: ['ROLLBACK_NOT_EXACT legs/R/back/issues', 'ROLLBACK_NOT_EXACT legs/R/identical'],
  },
  {
    name: 'a COMMIT that rolls back, and says nothing',
    saboteur: () => ({ on: 'R', session: (real) => ({ commit: () => real.rollback() }) }),
    caught: [
      'NO_REAL_CHANGE legs/R/after',
      'AFTER_STATES_DIFFER legs/R/after',
      'AFTER_STATES_DIFFER legs/R/commit',
    ],
  },
];

describe('a way back that is none', () => {
  it('is accepted where nobody meddles', async () => {
    await accepted(stage);
  });

  it.each(SABOTAGES)('$name', async (sabotage) => {
    await caught(stage, sabotage);
  });
});

describe('a capture that lies', () => {
  const lying =
    (sessions: number): Saboteur['clone'] =>
    (real, at: CloneAt) => ({
      capture: async (sink) =>
        at.sessions === sessions && at.captures.length > 0 ? at.captures[0]! : real.capture(sink),
    });

  it('gives the before-state again, without reading: the bytes say otherwise', async () => {
    await caught(stage, {
      name: '',
      saboteur: () => ({ ...committing(), clone: lying(1)! }),
      caught: ['ROLLBACK_NOT_EXACT legs/T/identical'],
    });
  });

  it('gives the before-state again after a rollback script, where no bytes are compared: the postcondition', async () => {
    const { found } = await caught(stage, {
      name: '',
      setting: { rollback: 'SELECT 1;', plan: BEFORE_AFTER },
      saboteur: () => ({ on: 'S', clone: lying(2)! }),
      caught: ['POSTCONDITION_FAILED legs/S/postconditions/births before == after'],
    });
    expect(found.some((line) => line.startsWith('ROLLBACK'))).toBe(false);
  });
});
