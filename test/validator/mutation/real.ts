import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteEngine } from '../../../src/engines/sqlite/index.ts';
import { digestOf } from '../../../src/objects/digest.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { guardFiles } from '../../../src/rehearsal/plan/guarded-plan.ts';
import { readPlan } from '../../../src/rehearsal/plan/plan.ts';
import { rehearse } from '../../../src/rehearsal/rehearse.ts';
import type { Built } from '../../../src/vectors/draft.ts';
import { putValidator } from '../../../src/vectors/controls.ts';
import { makeTestFolder } from '../../support/folder.ts';

const SCHEMA = `
  CREATE TABLE people(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, born TEXT);
  CREATE TABLE stock(code TEXT PRIMARY KEY, amount INTEGER) WITHOUT ROWID;
  CREATE TABLE log(line TEXT);
  INSERT INTO people(name, born) VALUES ('Ada', '1815'), ('Grace', '1906');
  INSERT INTO stock VALUES ('a', 1), ('b', 2), ('c', 3);
  INSERT INTO log VALUES ('x'), ('x'), (NULL);
`;
const CHANGE = `\\ir people.sql
UPDATE stock SET amount = amount + 1 WHERE code = 'a';
DELETE FROM stock WHERE code = 'c';
`;
const PEOPLE = `INSERT INTO people(name, born) VALUES ('Edsger', datetime('now'));\nINSERT INTO log VALUES ('y');\n`;
const BACK = `DELETE FROM people WHERE name = 'Edsger';
DELETE FROM log WHERE line = 'y';
UPDATE stock SET amount = 1 WHERE code = 'a';
INSERT INTO stock VALUES ('c', 3);
`;
const PLAN = `# one of everything
custody: plan/2
name: people and stock
engine: sqlite
source: { file: source.sqlite, kind: fixture }
executor: { file: change.sql, includes: [{ file: people.sql, sha256: SHA }] }
rollback: { file: back.sql }
preflight:
  - { name: nobody yet, sql: "SELECT count(*) FROM people WHERE name = 'Edsger'", expect: '== 0' }
boundary:
  tables: [people, stock, log]
  allow:
    - { action: update, table: stock, reason: it is counted }
    - { action: delete, table: stock, reason: it is gone }
delta:
  people: { inserted: 1 }
  log: { inserted: 1 }
  stock: { updated: 1, deleted: 1 }
postconditions:
  - { name: there, sql: "SELECT count(*) FROM people WHERE name = 'Edsger'", expect: 1, at: applied }
  - { name: amount, sql: SELECT sum(amount) FROM stock, unchanged: true }
clock:
  - { table: people, column: born, reason: the clock }
bounded:
  - { effect: sequence, name: people, reason: the rollback script leaves the counter }
`;

/** What the runner makes of a small database: legs T, R and S for real. */
export async function realRehearsal(): Promise<Built> {
  const folder = makeTestFolder('mutation');
  try {
    const database = new DatabaseSync(join(folder, 'source.sqlite'));
    database.exec(SCHEMA);
    database.close();
    const sha = digestOf(new Uint8Array(Buffer.from(PEOPLE)));
    await writeFile(join(folder, 'change.sql'), CHANGE);
    await writeFile(join(folder, 'people.sql'), PEOPLE);
    await writeFile(join(folder, 'back.sql'), BACK);
    await writeFile(join(folder, 'plan.yaml'), PLAN.replace('SHA', sha));
    const objects = new MemoryObjects();
    const plan = await readPlan(join(folder, 'plan.yaml'));
    const { rehearsal } = await rehearse(plan, await guardFiles(plan), sqliteEngine, objects, {
      validators: [putValidator(objects, 'custody', 'export {};')],
      quarantine: join(folder, 'quarantine'),
      now: () => 0,
    });
    return { subject: rehearsal.digest, objects };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
