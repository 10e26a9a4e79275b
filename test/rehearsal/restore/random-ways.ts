import { copyFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { isCustodyError } from '../../../src/errors.ts';
import {
  buildRandom,
  Dice,
  literal,
  moreInserts,
  randomDatabase,
  type RandomDatabase,
} from '../../deep/random-database.ts';
import { exec, ScriptFailed, wayBack } from './sqlite-support.ts';

/** Deletes, updates and inserts at random; what a constraint refuses is left out. */
function mutate(path: string, statements: readonly string[], foreignKeys = false): void {
  using db = new DatabaseSync(path, { enableForeignKeyConstraints: foreignKeys, defensive: false });
  for (const statement of statements) {
    try {
      db.exec(statement);
    } catch {
      // A constraint refused: nothing changed.
    }
  }
}

function changes(dice: Dice, database: RandomDatabase): string[] {
  const somewhere = (column: string): string =>
    `abs(random()) % 100 < ${dice.pick([5, 30, 100])} OR ${column} IS NULL`;
  const touched = dice.shuffle(database.tables).slice(0, 1 + dice.roll(3));
  const statements = touched.flatMap(({ name, columns }) => [
    `DELETE FROM ${name} WHERE ${somewhere(columns[0]!)}`,
    ...Array.from({ length: dice.roll(4) }, () => {
      const column = dice.pick(columns);
      return `UPDATE OR IGNORE ${name} SET ${column} = ${literal(dice)} WHERE ${somewhere(column)}`;
    }),
  ]);
  const logs = database.rest.flatMap((sql) => /^CREATE TABLE (log\d+)/.exec(sql)?.[1] ?? []);
  for (const log of logs) statements.push(`INSERT INTO ${log} (what) VALUES (${literal(dice)}), (1)`);
  return [...dice.shuffle(statements), ...moreInserts(dice, database)];
}

/** A random database, changed at random, and back: the same snapshot. @param file gives the path of a new file. */
export async function randomWayBack(seed: number, file: (name: string) => string): Promise<void> {
  const dice = new Dice(seed);
  const { rest, ...database } = randomDatabase(dice, { maxRows: 25 });
  // A trigger that logs inserts would log those of the script too: the header names it, and a rehearsal rejects it.
  const quiet = { ...database, rest: rest.filter((sql) => !sql.startsWith('CREATE TRIGGER')) };
  const a = buildRandom(file(`${seed}.a`), quiet, dice, { order: 'shuffled' });
  const b = file(`${seed}.b`);
  copyFileSync(a, b);
  mutate(b, changes(dice, quiet));
  const way = await wayBack(a, b);
  expect(way.restored, `seed ${seed}`).toBe(way.a);
  for (const path of [a, b, `${b}.restored`]) rmSync(path);
}

/** Tables that refer to each other and to themselves, each with a unique column and ON DELETE actions. */
function related(dice: Dice): { schema: string[]; statement: () => string } {
  const count = 2 + dice.roll(4);
  const schema = Array.from({ length: count }, (_, i) => {
    const action = dice.pick(['', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' ON UPDATE CASCADE']);
    // Mostly to earlier names, so that most of them have an order; to itself, and now and then in a circle.
    const parent = (): string => `t${dice.chance(15) ? dice.roll(count) : dice.roll(i + 1)}`;
    return `CREATE TABLE t${i} (id INTEGER PRIMARY KEY, u TEXT UNIQUE, p INT REFERENCES ${parent()}${action}, q TEXT REFERENCES ${parent()} (u))`;
  });
  const id = (): string => String(1 + dice.roll(8));
  const code = (): string => (dice.chance(15) ? 'NULL' : `'u${dice.roll(8)}'`);
  const statement = (): string => {
    const table = `t${dice.roll(count)}`;
    switch (dice.roll(5)) {
      case 0:
        return `DELETE FROM ${table} WHERE id = ${id()}`;
      case 1:
        return `UPDATE ${table} SET p = ${dice.chance(20) ? 'NULL' : id()} WHERE id = ${id()}`;
      case 2:
        return `UPDATE ${table} SET q = ${code()} WHERE id = ${id()}`;
      case 3:
        return `UPDATE ${table} SET ${dice.pick(['u = ', 'id = 10 + id, u = '])}${code()} WHERE id = ${id()}`;
      default:
        return `INSERT INTO ${table} VALUES (${id()}, ${code()}, ${dice.chance(40) ? 'NULL' : id()}, ${dice.chance(50) ? 'NULL' : code()})`;
    }
  };
  return { schema: dice.shuffle(schema), statement };
}

/** A table with unique values in random shapes, to which another refers, which others refer to. */
function swapping(dice: Dice): { schema: string[]; change: string[] } {
  const column = (name: string): string =>
    `${name} ${dice.pick(['TEXT', 'INT', ''])}${dice.pick(['', ' NOT NULL'])}${dice.pick(['', '', ` CHECK (length(${name}) < 40)`])}`;
  const unique = dice.pick(['UNIQUE (u), UNIQUE (v)', 'UNIQUE (u, v)', 'UNIQUE (v), UNIQUE (u, v)']);
  const index = dice.pick(['', 'ON p (u) WHERE v > 0', 'ON p (lower(u))', 'ON p (v) WHERE u IS NOT NULL']);
  const schema = [
    `CREATE TABLE p (id INTEGER PRIMARY KEY, ${column('u')}, ${column('v')}, up INT REFERENCES p, ${unique})`,
    ...(index === '' ? [] : [`CREATE UNIQUE INDEX i ${index}`]),
    'CREATE TABLE k (id INTEGER PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE); CREATE TABLE g (k INT REFERENCES k ON DELETE SET NULL)',
    `INSERT INTO p (id, u, v) VALUES ${Array.from({ length: 8 }, (_, i) => `(${i}, ${i}, ${i})`).join(', ')}`,
    'INSERT INTO k SELECT id, id FROM p; INSERT INTO g SELECT id FROM k; UPDATE p SET up = id / 2 WHERE id > 0',
  ];
  const ids = (): number[] => dice.shuffle([0, 1, 2, 3, 4, 5, 6, 7]).slice(0, 2 + dice.roll(6));
  // By way of values that nobody has, each row gets what another one had.
  const change = ['u', 'v'].slice(dice.roll(2)).flatMap((name) => {
    const from = ids();
    const to = dice.shuffle(from);
    return [
      ...from.map((id) => `UPDATE p SET ${name} = 100 + ${id} WHERE id = ${id}`),
      ...from.map((id, i) => `UPDATE p SET ${name} = ${to[i]} WHERE id = ${id}`),
    ];
  });
  if (dice.chance(50)) change.push(`UPDATE p SET up = ${dice.roll(8)} WHERE id = ${dice.roll(8)}`);
  if (dice.chance(30)) change.push(`UPDATE p SET u = NULL WHERE id = ${dice.roll(8)}`);
  if (dice.chance(30)) change.push('DELETE FROM p WHERE id = 7', 'INSERT INTO p VALUES (20, 7, 7, 1)');
  return { schema, change };
}

/**
 * The script passes with constraints checked at once, or there is none.
 * @returns whether there was one.
 */
export async function swappedWayBack(seed: number, file: (name: string) => string): Promise<boolean> {
  const { schema, change } = swapping(new Dice(seed));
  const a = file(`${seed}.a`);
  const b = file(`${seed}.b`);
  exec(a, schema);
  copyFileSync(a, b);
  mutate(b, [...change, 'INSERT INTO p VALUES (99, 99, 99, 99)'], true);
  let made = true;
  try {
    const way = await wayBack(a, b);
    expect(way.restored, `seed ${seed}\n${way.made.script}`).toBe(way.a);
  } catch (error) {
    if (!isCustodyError(error, 'RESTORE_UNSUPPORTED')) throw new Error(`seed ${seed}`, { cause: error });
    made = false;
  }
  for (const path of [a, b, `${b}.restored`]) rmSync(path, { force: true });
  return made;
}

/**
 * The script passes with constraints checked at once, or says that they must be deferred.
 * @returns whether it said so.
 */
export async function relatedWayBack(seed: number, file: (name: string) => string): Promise<boolean> {
  const dice = new Dice(seed);
  const { schema, statement } = related(dice);
  const some = (n: number): string[] => Array.from({ length: n }, statement);
  const a = file(`${seed}.a`);
  const b = file(`${seed}.b`);
  exec(a, schema);
  mutate(a, some(60), true);
  copyFileSync(a, b);
  mutate(b, [...some(1 + dice.roll(40)), "INSERT OR REPLACE INTO t0 (id, u) VALUES (99, 'z')"], true);
  let circle = false;
  try {
    const way = await wayBack(a, b);
    circle = way.made.script.includes('in a circle');
    expect(way.restored, `seed ${seed}\n${way.made.script}`).toBe(way.a);
  } catch (error) {
    if (!(error instanceof ScriptFailed) || !error.message.includes('in a circle'))
      throw new Error(`seed ${seed}`, { cause: error });
    circle = true;
  }
  for (const path of [a, b, `${b}.restored`]) rmSync(path);
  return circle;
}
