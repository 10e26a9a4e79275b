import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runFake, useDesk } from './desk.ts';
import { FakeEngine, type Lies } from './fake-engine.ts';

const desk = useDesk();

describe('an engine that lies is found out', () => {
  const failed = (code: string): string[] =>
    [
      `${code} legs/T/executor/statement 1`,
      'LEG_MISSING legs/R',
      'NO_REAL_CHANGE legs/T/after',
      'TRANSACTION_LOST legs/T/ended',
    ].sort();
  /** A trigger fires in leg T: it is aborted, what it would have led to is judged, and leg R is never run. */
  const aborted = (...more: string[]): string[] =>
    [
      'DELTA_UNEXPECTED delta/births',
      'DELTA_UNEXPECTED legs/T/delta',
      'DELTA_UNEXPECTED legs/T/delta/births',
      'DELTA_UNEXPECTED legs/T/trigger',
      'LEG_MISSING legs/R',
      ...more,
    ].sort();
  const both = (tail: string): string[] => ['R', 'T'].map((leg) => tail.replace('LEG', leg));

  it.each<[string, Lies, string[]]>([
    ['ROLLBACK does nothing', { rollback: 'does nothing' }, ['ROLLBACK_ASSUMED legs/T/back']],
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
        'AFTER_STATES_DIFFER legs/R/commit',
        'DELTA_UNEXPECTED legs/R/delta/births',
        'NO_REAL_CHANGE legs/R/after',
      ],
    ],
    ['the restore does nothing', { reset: 'does nothing' }, ['ROLLBACK_ASSUMED legs/R/back']],
    ['the restore loses a row', { reset: 'loses a row' }, ['ROLLBACK_NOT_EXACT legs/R/back/births']],
    ['a transaction is left open in leg T', { open: 'T' }, ['TRANSACTION_OPEN legs/T']],
    ['a transaction is left open in leg R', { open: 'R' }, ['TRANSACTION_OPEN legs/R']],
    [
      'the image is not the before-state in leg R',
      { image: 'R' },
      [
        'AFTER_STATES_DIFFER legs/R/after',
        'BEFORE_DIVERGED legs/R/start',
        'BEFORE_DIVERGED legs/R/start',
        'BEFORE_DIVERGED legs/R/trigger',
        'ROLLBACK_NOT_EXACT legs/R/back/births',
      ],
    ],
    [
      'the image is not the before-state in leg T',
      { image: 'T' },
      [
        'BEFORE_DIVERGED legs/T/start',
        'BEFORE_DIVERGED legs/T/start',
        'BEFORE_DIVERGED legs/T/trigger',
        'DELTA_UNEXPECTED delta/births',
        'LEG_MISSING legs/R',
        'ROLLBACK_NOT_EXACT legs/T/back/births',
      ],
    ],
    [
      'reading changes the database',
      { capture: 'writes', query: '2' },
      aborted('ENTRY_EXIT_DIFFERS exit', 'ROLLBACK_NOT_EXACT legs/T/back/births'),
    ],
    [
      'the state inside the transaction is another',
      { inside: 'another name' },
      ['AFTER_STATES_DIFFER legs/R/after', 'AFTER_STATES_DIFFER legs/R/commit'],
    ],
    ['the bytes differ', { identical: false }, both('ROLLBACK_NOT_EXACT legs/LEG/identical')],
    ['the bytes were not compared', { identical: null }, both('ROLLBACK_NOT_EXACT legs/LEG/identical')],
    [
      'isolation does not hold',
      { isolation: ['source-unchanged'] },
      ['ISOLATION_UNPROVEN isolation/source-unchanged'],
    ],
    ['nothing changes', { writes: 'nothing' }, aborted('NO_REAL_CHANGE legs/T/after')],
    ['a row is updated too', { writes: 'an update' }, aborted('BOUNDARY_EXCEEDED legs/T/after/births')],
    ['a row is deleted too', { writes: 'a deletion' }, aborted('BOUNDARY_EXCEEDED legs/T/after/births')],
    ['a row is inserted too', { writes: 'another row' }, aborted()],
    ['the script fails', { apply: 'SQL_FAILED' }, failed('SQL_FAILED')],
    ['the script takes too long', { apply: 'TIME_LIMIT' }, failed('TIME_LIMIT')],
    ['the script loses its transaction', { apply: 'TRANSACTION_LOST' }, failed('TRANSACTION_LOST')],
    [
      'the script takes too long, and its session was killed for that',
      { apply: 'TIME_LIMIT', failedRollback: 'fails' },
      failed('TIME_LIMIT'),
    ],
    [
      'the script fails and nothing answers to ROLLBACK',
      { apply: 'SQL_FAILED', failedRollback: 'fails' },
      [
        'CLONE_QUARANTINED legs/T',
        'CLONE_QUARANTINED legs/T/clone',
        'ROLLBACK_NOT_EXACT legs/T/identical',
        'ROLLBACK_UNCOMPARED legs/T/back',
        ...failed('SQL_FAILED'),
      ],
    ],
    [
      'the script fails and ROLLBACK does nothing',
      { apply: 'SQL_FAILED', open: 'T' },
      ['TRANSACTION_OPEN legs/T', ...failed('SQL_FAILED')],
    ],
  ])('%s', async (_, lies, expected) => {
    const { found, legs } = await runFake(desk.plan, new FakeEngine(lies));
    // The delta that the evidence claims is the first leg's; a failed leg claims none.
    const claimed = lies.apply ? ['DELTA_UNEXPECTED delta/births'] : [];
    expect(found).toEqual([...expected, ...claimed].sort());
    if (lies.apply) expect(legs.map(({ leg, ended }) => [leg, ended])).toEqual([['T', 'failed']]);
  });

  it('and so is an image that nobody could verify: nothing is restored from it', async () => {
    const { found, legs } = await runFake(desk.plan, new FakeEngine({ image: 'verify' }));
    expect(legs).toEqual([]);
    expect(found).toContain('IMAGE_UNVERIFIED image/restored');
  });

  it('and so is an executor that is swapped while it runs', async () => {
    const file = join(desk.temp, 'birth.sql');
    const { found } = await runFake(
      desk.plan,
      new FakeEngine({}, () => writeFileSync(file, 'DELETE FROM births')),
    );
    expect(found).toEqual([
      'AFTER_STATES_DIFFER legs/R/after',
      'EXECUTOR_CHANGED executor/after',
      'EXECUTOR_CHANGED legs/R/executor',
      'EXECUTOR_CHANGED legs/R/trigger',
    ]);
  });
});
