import { describe, expect, it, vi } from 'vitest';
import type { Saboteur } from './harness.ts';
import { accepted, BEFORE_AFTER, caught, ROLLBACK, useStage, type Sabotage } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

const stage = useStage();

const scripts: Sabotage[] = [
  {
    name: 'deletes too much',
    setting: { rollback: `${ROLLBACK} DELETE FROM births WHERE name = 'abel';` },
    caught: ['ROLLBACK_NOT_EXACT legs/S/back/births'],
  },
  {
    name: 'deletes too little',
    setting: {
      rollback: ROLLBACK.replace(
        'DELETE FROM register WHERE birth IN (6, 7)',
        'DELETE FROM register WHERE birth = 6',
      ),
    },
    caught: ['ROLLBACK_NOT_EXACT legs/S/back/register'],
  },
  {
    name: 'forgets the counter',
    setting: { rollback: ROLLBACK.replace(/UPDATE.*\n/, '') },
    caught: ['ROLLBACK_NOT_EXACT legs/S/back/sequence/births'],
  },
  {
    name: 'gives a row another value on the way',
    setting: { rollback: `${ROLLBACK} UPDATE documents SET title = 'One' WHERE id = 'd1';` },
    caught: ['ROLLBACK_NOT_EXACT legs/S/back/documents'],
  },
  {
    name: 'does nothing',
    setting: { rollback: 'SELECT 1;', plan: BEFORE_AFTER },
    caught: [
      'ROLLBACK_ASSUMED legs/S/back',
      'POSTCONDITION_FAILED legs/S/postconditions/births before == after',
    ],
  },
  {
    name: 'fails half way',
    setting: { rollback: `${ROLLBACK} INSERT INTO documents (id, title) VALUES ('d1', 'again');` },
    caught: ['SQL_FAILED legs/S/rollback/statement 5', 'ROLLBACK_ASSUMED legs/S/back'],
  },
];

describe('a rollback script that', () => {
  it('brings everything back is accepted', async () => {
    await accepted(stage, { rollback: ROLLBACK, plan: BEFORE_AFTER });
  });

  it.each(scripts)('$name', async ({ name, setting = {}, caught: codes }) => {
    const { rehearsed } = await caught(stage, { name, setting, caught: codes, saboteur: onlyIn('S') });
    expect(rehearsed.legs.map(({ leg, ended }) => [leg, ended])).toEqual([
      ['T', 'rolled-back'],
      ['R', 'committed'],
      ['S', 'committed'],
    ]);
  });

  it('puts a row of a table without a key back under another rowid', async () => {
    const plan = `boundary: { tables: [notes], allow: [{ action: delete, table: notes, reason: test }] }
delta: { notes: { deleted: 1 } }
postconditions: []`;
    const setting = { plan, executor: `DELETE FROM notes WHERE text = 'a';` };
    await accepted(stage, { ...setting, rollback: `INSERT INTO notes (rowid, text) VALUES (1, 'a');` });
    await caught(stage, {
      name: '',
      setting: { ...setting, rollback: `INSERT INTO notes (text) VALUES ('a');` },
      saboteur: onlyIn('S'),
      caught: ['ROLLBACK_NOT_EXACT legs/S/back/notes'],
    });
  });
});

/** Nobody meddles: the script is the sabotage. */
const onlyIn = (leg: 'S') => (): Saboteur => ({
  on: leg,
  session: (real) => ({ begin: () => real.begin() }),
});

describe('a rollback script that destroys what a postcondition reads', () => {
  it('is recorded, not refused: the query has no answer, and the table is gone', async () => {
    const sql = `SELECT CASE WHEN count(*) = 0 THEN abs(-9223372036854775808) ELSE 1 END FROM births`;
    const { rehearsed, legs } = await caught(stage, {
      name: '',
      setting: {
        rollback: 'DELETE FROM register; DELETE FROM births;',
        plan: `postconditions: [{ name: births can be counted, sql: "${sql}", unchanged: true }]`,
      },
      saboteur: onlyIn('S'),
      caught: [
        'SQL_FAILED legs/S/postconditions/births can be counted',
        'ROLLBACK_NOT_EXACT legs/S/back/births',
        'TRANSACTION_LOST legs/S/ended',
      ],
    });
    expect(rehearsed.legs.map(({ ended }) => ended)).toEqual(['rolled-back', 'committed', 'failed']);
    expect(rehearsed.legs[2]?.postconditions).toEqual([
      { name: 'births can be counted', actual: null, ok: false },
    ]);
    expect(legs[2]).toMatchObject({ quarantined: false, open: false });
  });

  it('and one for which it takes for ever, too', async () => {
    const sql =
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE (SELECT count(*) FROM births) = 0)
      SELECT count(*) FROM n`.replaceAll(/\s+/g, ' ');
    await caught(stage, {
      name: '',
      apart: true,
      setting: {
        rollback: 'DELETE FROM register; DELETE FROM births;',
        plan: `timeLimit: 2\npostconditions: [{ name: ends, sql: "${sql}", unchanged: true }]`,
      },
      saboteur: onlyIn('S'),
      caught: ['TIME_LIMIT legs/S/postconditions/ends', 'ROLLBACK_NOT_EXACT legs/S/back/births'],
    });
  });
});
