import { describe, expect, it } from 'vitest';
import { LINES, planRefusal, withLines } from './plan-text.ts';

describe('a plan', () => {
  it.each<[what: string, code: string, line: string, text: string | Uint8Array]>([
    ['an unknown key', 'PLAN_KEY_UNKNOWN', '8', withLines('colour: red')],
    [
      'an unknown key whose value is on the next line',
      'PLAN_KEY_UNKNOWN',
      '8',
      withLines('colour:', '  red: 1'),
    ],
    [
      'an unknown key inside',
      'PLAN_KEY_UNKNOWN',
      '9',
      withLines('preflight:', '  - { name: a, sql: S, expect: 1, or: 2 }'),
    ],
    ['an unknown key in a delta', 'PLAN_KEY_UNKNOWN', '9', withLines('  other:', '    insertd: 1')],
    ['an unknown key with a slash', 'PLAN_KEY_UNKNOWN', '8', withLines('a/b~c: 1')],
    ['a wrong type', 'PLAN_INVALID', '8', withLines('timeLimit: soon')],
    [
      'a wrong type inside',
      'PLAN_INVALID',
      '10',
      withLines('preflight:', '  - name: a', '    sql: [SELECT]', '    expect: 1'),
    ],
    ['a missing key', 'PLAN_INVALID', '1', LINES.slice(1).join('\n')],
    ['a missing key inside', 'PLAN_INVALID', '9', withLines('preflight:', '  - { name: a, expect: 1 }')],
    ['another format', 'PLAN_INVALID', '1', withLines().replace('plan/2', 'plan/1')],
    [
      'an engine that nobody knows',
      'PLAN_INVALID',
      '3',
      withLines().replace('engine: sqlite', 'engine: oracle'),
    ],
    [
      'a digest in capitals',
      'PLAN_INVALID',
      '5',
      withLines().replace('{ file: a.sql }', `{ file: a.sql, sha256: ${'A'.repeat(64)} }`),
    ],
    [
      'a reason that is none',
      'PLAN_INVALID',
      '9',
      withLines('clock:', '  - { table: births, column: born, reason: x }'),
    ],
    [
      'a reason of spaces',
      'PLAN_INVALID',
      '9',
      withLines('clock:', '  - { table: births, column: born, reason: "    " }'),
    ],
    ['a count below zero', 'PLAN_INVALID', '8', withLines('  other: { inserted: -1 }')],
    ['a count that is huge', 'PLAN_INVALID', '8', withLines('  other: { inserted: 9007199254740992 }')],
    ['a delta that is empty', 'PLAN_INVALID', '8', withLines('  other: { inserted: 0 }')],
    ['no delta at all', 'PLAN_INVALID', '6', [...LINES.slice(0, 5), 'delta: {}'].join('\n')],
    ['an update in an insert-only plan', 'PLAN_INVALID', '8', withLines('  other: { updated: 1 }')],
    [
      'a deletion in an insert-only plan',
      'PLAN_INVALID',
      '8',
      withLines('  other: { inserted: 1, deleted: 1 }'),
    ],
    ['a delta outside the boundary', 'PLAN_INVALID', '8', withLines('boundary: { tables: [other] }')],
    ['another mode', 'PLAN_INVALID', '8', withLines('boundary: { mode: anything }')],
    [
      'an expectation that cannot be read',
      'PLAN_INVALID',
      '9',
      withLines('preflight:', '  - { name: a, sql: S, expect: ">= many" }'),
    ],
    [
      'a gate twice',
      'PLAN_INVALID',
      '10',
      withLines('preflight:', '  - { name: a, sql: S, expect: 1 }', '  - { name: a, sql: S, expect: 1 }'),
    ],
    [
      'a clock column twice',
      'PLAN_INVALID',
      '10',
      withLines(
        'clock:',
        '  - { table: a, column: b, reason: why }',
        '  - { table: a, column: b, reason: why not }',
      ),
    ],
    [
      'a bounded sequence twice',
      'PLAN_INVALID',
      '10',
      withLines(
        'bounded:',
        '  - { effect: sequence, name: a, reason: why }',
        '  - { effect: sequence, name: a, reason: why }',
      ).replace('sqlite', 'postgres'),
    ],
    [
      'a bounded counter of SQLite',
      'PLAN_INVALID',
      '8',
      withLines('bounded:', '  - { effect: sequence, name: a, reason: why }'),
    ],
    [
      'a bounded effect that nobody knows',
      'PLAN_INVALID',
      '9',
      withLines('bounded:', '  - { effect: table, name: a, reason: why }'),
    ],
    ['legs in another order', 'PLAN_INVALID', '8', withLines('legs: [R, T]')],
    ['one leg alone', 'PLAN_INVALID', '8', withLines('legs: [T]')],
    ['a leg twice', 'PLAN_INVALID', '8', withLines('legs: [T, T, R]')],
    ['no legs', 'PLAN_INVALID', '8', withLines('legs: []')],
    ['leg S without a rollback script', 'PLAN_INVALID', '8', withLines('legs: [T, R, S]')],
    [
      'a rollback script without leg S',
      'PLAN_INVALID',
      '9',
      withLines('rollback: { file: b.sql }', 'legs: [T, R]'),
    ],
    [
      'an allowance without a reason',
      'PLAN_INVALID',
      '8',
      withLines('boundary: { tables: [births], allow: [{ action: update, table: births }] }'),
    ],
    [
      'an allowance outside the boundary',
      'PLAN_INVALID',
      '8',
      withLines('boundary: { tables: [births], allow: [{ action: update, table: b, reason: why }] }'),
    ],
    [
      'a table of the boundary twice',
      'PLAN_INVALID',
      '8',
      withLines('boundary: { tables: [births, births] }'),
    ],
    ['an action twice', 'PLAN_INVALID', '10', withLines('actions:', '  [', '    a, a]')],
    [
      'an assertion twice',
      'PLAN_INVALID',
      '10',
      withLines('isolation:', '  - paths-confined', '  - paths-confined'),
    ],
    [
      'an allowance twice',
      'PLAN_INVALID',
      '8',
      withLines(`boundary: { allow: [${'{ action: update, table: births, reason: why },'.repeat(2)}] }`),
    ],
    [
      'a deletion where only an update is allowed',
      'PLAN_INVALID',
      '7',
      withLines('boundary: { allow: [{ action: update, table: births, reason: why }] }').replace(
        'inserted: 1',
        'deleted: 1',
      ),
    ],
    ['an action that is none', 'PLAN_INVALID', '8', withLines('actions: [apply, apply]')],
    [
      'a postcondition that expects nothing',
      'PLAN_INVALID',
      '8',
      withLines('postconditions: [{ name: a, sql: S }]'),
    ],
    [
      'a postcondition that expects two things',
      'PLAN_INVALID',
      '8',
      withLines('postconditions: [{ name: a, sql: S, expect: 1, unchanged: true }]'),
    ],
    [
      'a postcondition twice',
      'PLAN_INVALID',
      '8',
      withLines('postconditions: [{ name: a, sql: S, expect: 1 }, { name: a, sql: S, expect: 1 }]'),
    ],
    [
      'an approval of one script of two',
      'PLAN_INVALID',
      '9',
      withLines('rollback: { file: b.sql }', `approval: { by: owner, executor: ${'a'.repeat(64)} }`),
    ],
    ['a profile that is not pinned', 'PLAN_INVALID', '8', withLines('profile: { file: p.yaml }')],
    ['an assertion of another engine', 'PLAN_INVALID', '8', withLines('isolation: [unix-socket-only]')],
    [
      'an include that is not pinned',
      'PLAN_INVALID',
      '5',
      withLines().replace('a.sql }', 'a.sql, includes: [{ file: b }] }'),
    ],
    ['a syntax error', 'PLAN_SYNTAX', '8', withLines('session: ]')],
    ['a tab', 'PLAN_SYNTAX', '9', withLines('session:', '\tforeign_keys: 1')],
    ['a key twice', 'PLAN_SYNTAX', '8', withLines('name: another')],
    ['a key twice inside', 'PLAN_SYNTAX', '8', withLines('  births: { inserted: 2 }')],
    ['two documents', 'PLAN_SYNTAX', '8', withLines('---', 'a: 1')],
    ['an unknown tag', 'PLAN_SYNTAX', '8', withLines('macro: !!js/function "x"')],
    ['an alias to nothing', 'PLAN_SYNTAX', '8', withLines('macro: *gone')],
    ['a merge key', 'PLAN_KEY_UNKNOWN', '8', withLines('<<: {}')],
    ['lists in lists without end', 'PLAN_SYNTAX', '8', withLines(`macro: ${'['.repeat(100_000)}`)],
    ['maps in maps without end', 'PLAN_SYNTAX', '8', withLines(`macro: ${'{a: '.repeat(100_000)}`)],
    ['another version of YAML', 'PLAN_SYNTAX', '1', `%YAML 1.1\n---\n${withLines()}`],
    ['nothing', 'PLAN_INVALID', '1', ''],
    ['a list', 'PLAN_INVALID', '1', '- a\n'],
    ['a text', 'PLAN_INVALID', '1', 'custody'],
    ['null', 'PLAN_INVALID', '1', 'null'],
    ['bytes that are no text', 'PLAN_SYNTAX', '1', Uint8Array.of(0x53, 0x51, 0x4c, 0xff, 0xfe, 0)],
    [
      'a database',
      'PLAN_SYNTAX',
      '1',
      Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(84, 0x80)]),
    ],
  ])('with %s is refused', async (_, code, line, text) => {
    expect(await planRefusal(text)).toEqual([code, line]);
  });

  it('is refused when its aliases multiply, and soon', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 0; i < 12; i++) {
      const [from, to] = [String.fromCharCode(97 + i), String.fromCharCode(98 + i)];
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`);
    }
    expect((await planRefusal(bomb.join('\n')))[0]).toBe('PLAN_SYNTAX');
  });

  it('nested very deep is refused, not a crash', async () => {
    const code = (await planRefusal(withLines(`macro: ${'['.repeat(20_000)}${']'.repeat(20_000)}`)))[0];
    expect(['PLAN_SYNTAX', 'PLAN_INVALID']).toContain(code);
  });
});
