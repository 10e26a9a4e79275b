import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refused, run, useDesk } from './desk.ts';
import { FakeEngine, type Lies } from './fake-engine.ts';

const desk = useDesk();

describe('an engine that lies is found out', () => {
  const failed = (code: string): string[] =>
    [
      `${code} legs/T/statement 1`,
      'LEG_MISSING legs/R',
      'NO_REAL_CHANGE legs/T/after',
      'TRANSACTION_LOST legs/T/ended',
    ].sort();
  const beyond = (...tails: string[]): string[] =>
    ['R', 'T'].flatMap((leg) => tails.map((tail) => tail.replace('LEG', leg))).sort();

  it.each<[string, Lies, string[]]>([
    ['ROLLBACK does nothing', { rollback: 'does nothing' }, ['ROLLBACK_NOT_EXACT legs/T/back/births']],
    [
      'ROLLBACK brings all but one row back',
      { rollback: 'takes a row along' },
      ['ROLLBACK_NOT_EXACT legs/T/back/births'],
    ],
    [
      'COMMIT does nothing',
      { commit: 'does nothing' },
      [
        'AFTER_STATES_DIFFER legs/R/after',
        'DELTA_UNEXPECTED legs/R/delta/births',
        'NO_REAL_CHANGE legs/R/after',
      ],
    ],
    ['the restore does nothing', { reset: 'does nothing' }, ['ROLLBACK_NOT_EXACT legs/R/back/births']],
    ['the restore loses a row', { reset: 'loses a row' }, ['ROLLBACK_NOT_EXACT legs/R/back/births']],
    ['a transaction is left open in leg T', { open: 'T' }, ['TRANSACTION_OPEN legs/T']],
    ['a transaction is left open in leg R', { open: 'R' }, ['TRANSACTION_OPEN legs/R']],
    [
      'the image is not the before-state in leg R',
      { image: 'R' },
      [
        'AFTER_STATES_DIFFER legs/R/after',
        'BOUNDARY_EXCEEDED legs/R/after/births',
        'DELTA_UNEXPECTED legs/R/delta/births',
        'IMAGE_UNVERIFIED legs/R/start',
      ],
    ],
    [
      'the image is not the before-state in leg T',
      { image: 'T' },
      [
        'AFTER_STATES_DIFFER legs/R/after',
        'BOUNDARY_EXCEEDED legs/T/after/births',
        'DELTA_UNEXPECTED delta/births',
        'DELTA_UNEXPECTED legs/T/delta/births',
        'IMAGE_UNVERIFIED image/restored',
        'IMAGE_UNVERIFIED legs/T/start',
        'ROLLBACK_NOT_EXACT legs/T/back/births',
      ],
    ],
    [
      'reading changes the database',
      { capture: 'writes', query: '2' },
      [
        ...beyond('DELTA_UNEXPECTED legs/LEG/delta/births'),
        'DELTA_UNEXPECTED delta/births',
        'ENTRY_EXIT_DIFFERS exit',
        'ROLLBACK_NOT_EXACT legs/T/back/births',
      ],
    ],
    [
      'the state inside the transaction is another',
      { inside: 'another name' },
      ['AFTER_STATES_DIFFER legs/R/after'],
    ],
    ['the bytes differ', { identical: false }, beyond('ROLLBACK_NOT_EXACT legs/LEG/identical')],
    ['the bytes were not compared', { identical: null }, beyond('ROLLBACK_NOT_EXACT legs/LEG/identical')],
    [
      'isolation does not hold',
      { isolation: ['source-unchanged'] },
      ['ISOLATION_UNPROVEN isolation/source-unchanged'],
    ],
    [
      'nothing changes',
      { writes: 'nothing' },
      [
        ...beyond('NO_REAL_CHANGE legs/LEG/after', 'DELTA_UNEXPECTED legs/LEG/delta/births'),
        'DELTA_UNEXPECTED delta/births',
      ],
    ],
    [
      'a row is updated too',
      { writes: 'an update' },
      [
        ...beyond('BOUNDARY_EXCEEDED legs/LEG/after/births', 'DELTA_UNEXPECTED legs/LEG/delta/births'),
        'DELTA_UNEXPECTED delta/births',
      ],
    ],
    [
      'a row is deleted too',
      { writes: 'a deletion' },
      [
        ...beyond('BOUNDARY_EXCEEDED legs/LEG/after/births', 'DELTA_UNEXPECTED legs/LEG/delta/births'),
        'DELTA_UNEXPECTED delta/births',
      ],
    ],
    [
      'a row is inserted too',
      { writes: 'another row' },
      [...beyond('DELTA_UNEXPECTED legs/LEG/delta/births'), 'DELTA_UNEXPECTED delta/births'],
    ],
    ['the script fails', { apply: 'SQL_FAILED' }, failed('SQL_FAILED')],
    ['the script takes too long', { apply: 'TIME_LIMIT' }, failed('TIME_LIMIT')],
    ['the script loses its transaction', { apply: 'TRANSACTION_LOST' }, failed('TRANSACTION_LOST')],
    [
      'the script fails and its session is gone',
      { apply: 'SQL_FAILED', failedRollback: 'fails' },
      failed('SQL_FAILED'),
    ],
    [
      'the script fails and ROLLBACK does nothing',
      { apply: 'SQL_FAILED', open: 'T' },
      ['TRANSACTION_OPEN legs/T', ...failed('SQL_FAILED')],
    ],
  ])('%s', async (_, lies, expected) => {
    const { found, legs } = await run(desk.plan, new FakeEngine(lies));
    // The delta that the evidence claims is the first leg's; a failed leg claims none.
    const claimed = lies.apply ? ['DELTA_UNEXPECTED delta/births'] : [];
    expect(found).toEqual([...expected, ...claimed].sort());
    if (lies.apply) expect(legs.map(({ leg, ended }) => [leg, ended])).toEqual([['T', 'failed']]);
  });

  it('and so is an executor that is swapped while it runs', async () => {
    const file = join(desk.temp, 'birth.sql');
    const { found } = await run(
      desk.plan,
      new FakeEngine({}, () => writeFileSync(file, 'DELETE FROM births')),
    );
    expect(found).toEqual(['EXECUTOR_CHANGED executor/after']);
  });

  it('and an executor that is gone afterwards leaves no rehearsal', async () => {
    const file = join(desk.temp, 'birth.sql');
    expect(await refused(desk.plan, new FakeEngine({}, () => rmSync(file, { force: true })))).toBe(
      'PATH_NOT_FOUND',
    );
  });
});
