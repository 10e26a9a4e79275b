import type { ErrorCode } from '../../../../src/errors.ts';

export const SCHEMA = `CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b);
     CREATE TABLE other(x);
     CREATE TABLE seq(id INTEGER PRIMARY KEY AUTOINCREMENT, a);
     CREATE TABLE seq2(id INTEGER PRIMARY KEY AUTOINCREMENT, a);
     CREATE TABLE parent(id INTEGER PRIMARY KEY, n);
     CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
     CREATE TABLE grand(c REFERENCES child ON DELETE CASCADE);
     CREATE TABLE orphan(p REFERENCES parent ON DELETE SET NULL ON UPDATE CASCADE);
     CREATE TABLE replacing(a PRIMARY KEY ON CONFLICT REPLACE, b);
     CREATE TABLE log(a, b);
     CREATE TRIGGER updated AFTER UPDATE OF b ON t BEGIN UPDATE log SET b = new.b; END;
     CREATE TRIGGER deleted AFTER DELETE ON log BEGIN DELETE FROM other; END;
     CREATE TABLE nest(a); INSERT INTO nest VALUES (-1);
     CREATE TRIGGER nested AFTER INSERT ON nest BEGIN DELETE FROM nest WHERE a < 0; END;
     CREATE TRIGGER nested_delete AFTER DELETE ON nest BEGIN INSERT OR REPLACE INTO t VALUES (1, 'x', 1); END;
     CREATE TABLE nest2(a); INSERT INTO nest2 VALUES (-1);
     CREATE TRIGGER nest2_insert AFTER INSERT ON nest2 BEGIN DELETE FROM nest2 WHERE a < 0; END;
     CREATE TRIGGER nest2_delete AFTER DELETE ON nest2 BEGIN INSERT INTO replacing VALUES (1, 9); END;
     CREATE TABLE orupdate(a);
     CREATE TRIGGER orupdates AFTER INSERT ON orupdate BEGIN UPDATE OR REPLACE t SET a = 'one'; END;
     CREATE TABLE counts(a);
     CREATE TRIGGER counted AFTER UPDATE ON counts BEGIN UPDATE sqlite_sequence SET seq = 0; END;
     CREATE VIEW v AS SELECT * FROM t;
     CREATE TRIGGER v_update INSTEAD OF UPDATE ON v BEGIN UPDATE other SET x = new.a; END;
     CREATE TRIGGER v_delete INSTEAD OF DELETE ON v BEGIN DELETE FROM other; END;
     INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2);
     INSERT INTO other VALUES (0); INSERT INTO seq(a) VALUES (1), (2); INSERT INTO seq2(a) VALUES (1);
     INSERT INTO parent VALUES (1, 1), (2, 2); INSERT INTO child VALUES (1, 1); INSERT INTO grand VALUES (1);
     INSERT INTO orphan VALUES (2); INSERT INTO replacing VALUES (1, 1), (2, 2); INSERT INTO log VALUES (1, 1);
     INSERT INTO counts VALUES (1);`;

/** What may run where this is allowed (boundary.test.ts reads the words), and the tables whose rows it changes. */
export const ALLOWED: [name: string, script: string, allowed: string, changed: string][] = [
  ['UPDATE', `UPDATE t SET a = 'x' WHERE id = 1`, 'update t', 't'],
  ['UPDATE behind WITH', `WITH x AS (SELECT 1) UPDATE t SET a = 'x' WHERE id = 1`, 'update t', 't'],
  ['UPDATE FROM', `UPDATE t SET a = n FROM parent WHERE t.id = parent.id`, 'update t', 't'],
  ['UPDATE OR IGNORE', `UPDATE OR IGNORE t SET a = 'one', id = 7`, 'update t', 't'],
  ['names in another case', `update T set A = 'x' where id = 1`, 'update t', 't'],
  ['a trigger of an UPDATE', `UPDATE t SET b = 9`, 'update t log', 't log'],
  [
    'an upsert',
    `INSERT INTO t VALUES (1, 'x', 2) ON CONFLICT(id) DO UPDATE SET a = excluded.a`,
    'insert t, update t',
    't',
  ],
  ['DELETE', `DELETE FROM t WHERE id = 1`, 'delete t', 't'],
  ['DELETE of all rows', `DELETE FROM other`, 'delete other', 'other'],
  ['DELETE with RETURNING', `DELETE FROM t RETURNING a`, 'delete t', 't'],
  ['a trigger of a DELETE', `DELETE FROM log`, 'delete log other', 'other log'],
  [
    'a DELETE that cascades into what is allowed',
    `DELETE FROM parent`,
    'delete parent child grand, update orphan',
    'parent child grand orphan',
  ],
  [
    'an UPDATE that cascades into what is allowed',
    `UPDATE parent SET id = id + 10`,
    'update parent child orphan',
    'parent child orphan',
  ],
  ['an UPDATE of no key', `UPDATE parent SET n = 7`, 'update parent', 'parent'],
  ['UPDATE of a view', `UPDATE v SET a = 'x'`, 'update other', 'other'],
  ['DELETE of a view', `DELETE FROM v`, 'delete other', 'other'],
  [
    'UPDATE of what would replace, told to abort',
    `UPDATE OR ABORT replacing SET b = 3`,
    'update replacing',
    'replacing',
  ],
  [
    'a counter set back',
    `DELETE FROM seq WHERE id = 2; UPDATE sqlite_sequence SET seq = 1 WHERE name = 'seq'`,
    'delete seq, counters',
    'seq sqlite_sequence',
  ],
  [
    'a counter removed and made anew',
    `DELETE FROM sqlite_sequence WHERE name = 'seq'; INSERT INTO sqlite_sequence VALUES ('seq', 5)`,
    'insert seq, counters',
    'sqlite_sequence',
  ],
];

/** What must not; BOUNDARY_VIOLATED where no code is given. */
export const REFUSED: [name: string, script: string, allowed: string, code?: ErrorCode, path?: string][] = [
  ['UPDATE of a table that may be inserted into', `UPDATE t SET a = 1`, 'insert t, update other, delete t'],
  ['DELETE of a table that may be updated', `DELETE FROM t`, 'insert t, update t, delete other'],
  ['INSERT into a table that may be updated', `INSERT INTO t(a) VALUES (7)`, 'update t, delete t'],
  ['UPDATE where nothing may be updated', `UPDATE t SET a = 1`, 'insert t'],
  ['DELETE where nothing may be deleted', `DELETE FROM t`, 'insert t, update t'],
  ['UPDATE behind WITH', `WITH x AS (SELECT 1) UPDATE t SET a = 1`, 'insert t, update other'],
  ['DELETE behind WITH', `WITH x AS (SELECT 1) DELETE FROM t`, 'insert t, delete other'],
  ['UPDATE of a rowid', `UPDATE t SET rowid = 9 WHERE id = 1`, 'insert t, update other'],
  [
    'an upsert of a table that may only be inserted into',
    `INSERT INTO t VALUES (1, 'x', 2) ON CONFLICT DO UPDATE SET b = 3`,
    'insert t, update other',
  ],
  [
    'an upsert of a table that may only be updated',
    `INSERT INTO t VALUES (1, 'x', 2) ON CONFLICT DO UPDATE SET a = 3`,
    'update t',
  ],
  ['a trigger of an UPDATE', `UPDATE t SET b = 9`, 'update t, insert log, delete log'],
  ['a trigger of a DELETE', `DELETE FROM log`, 'delete log'],
  [
    'a trigger of an upsert',
    `INSERT INTO t VALUES (1, 'x', 2) ON CONFLICT(id) DO UPDATE SET b = 3`,
    'insert t, update t',
  ],
  ['ON DELETE CASCADE', `DELETE FROM parent WHERE id = 1`, 'delete parent grand, update orphan'],
  [
    'ON DELETE CASCADE of what cascades',
    `DELETE FROM parent WHERE id = 1`,
    'delete parent child, update orphan',
  ],
  [
    'ON DELETE CASCADE where no row is there to delete',
    `DELETE FROM parent WHERE id = 99`,
    'delete parent grand, update orphan',
  ],
  ['ON DELETE SET NULL', `DELETE FROM parent WHERE id = 2`, 'delete parent child grand orphan'],
  ['ON UPDATE CASCADE', `UPDATE parent SET id = 9 WHERE id = 1`, 'update parent orphan'],
  [
    'an upsert whose key cascades',
    `INSERT INTO parent VALUES (1, 1) ON CONFLICT DO UPDATE SET id = 9`,
    'insert parent, update parent',
  ],
  ['UPDATE of a view', `UPDATE v SET a = 1`, 'update t'],
  ['DELETE of a view', `DELETE FROM v`, 'delete t'],
  ['UPDATE OR REPLACE', `UPDATE OR REPLACE t SET a = 'one'`, 'update t, delete t'],
  [
    'UPDATE OR REPLACE hidden by comments',
    `UPDATE/**/OR -- x\n REPLACE t SET a = 'one'`,
    'update t, delete t',
  ],
  [
    'UPDATE OR REPLACE behind WITH',
    `WITH x AS (SELECT 1) UPDATE OR REPLACE t SET a = 'one'`,
    'update t, delete t',
  ],
  ['UPDATE of a column that replaces', `UPDATE replacing SET a = 1`, 'update replacing'],
  ['INSERT OR REPLACE', `INSERT OR REPLACE INTO t VALUES (1, 'x', 2)`, 'insert t, update t, delete t'],
  ['REPLACE', `REPLACE INTO t VALUES (1, 'x', 2)`, 'insert t, update t, delete t'],
  ['a trigger that updates and replaces', `INSERT INTO orupdate VALUES (1)`, 'insert orupdate, update t'],
  [
    'a trigger that replaces below a DELETE, in an INSERT OR IGNORE',
    `INSERT OR IGNORE INTO nest VALUES (1)`,
    'insert nest t, delete nest',
  ],
  [
    'a column that replaces below a DELETE, in an INSERT OR IGNORE',
    `INSERT OR IGNORE INTO nest2 VALUES (1)`,
    'insert nest2 replacing, delete nest2',
  ],
  [
    'a counter, by an executor',
    `UPDATE sqlite_sequence SET seq = 1 WHERE name = 'seq'`,
    'insert seq, update seq sqlite_sequence, delete seq',
  ],
  ['a counter deleted by an executor', `DELETE FROM sqlite_sequence`, 'delete seq sqlite_sequence'],
  [
    'a counter inserted by an executor',
    `INSERT INTO sqlite_sequence VALUES ('seq', 9)`,
    'insert seq sqlite_sequence',
  ],
  [
    'a counter that is renamed',
    `UPDATE sqlite_sequence SET name = 'seq2' WHERE name = 'seq'`,
    'insert seq seq2, counters',
  ],
  ['a counter, by a trigger', `UPDATE counts SET a = 2`, 'update counts, counters'],
  [
    'the schema, by a rollback script',
    `UPDATE sqlite_schema SET sql = ''`,
    'update sqlite_schema sqlite_master, counters',
    'SQL_SYNTAX',
  ],
  [
    'statistics, by a rollback script',
    `DELETE FROM sqlite_sequence; ANALYZE`,
    'insert seq seq2, counters',
    'BOUNDARY_VIOLATED',
    'statement 2',
  ],
  [
    "another table's counter",
    `UPDATE sqlite_sequence SET seq = 7 WHERE name = 'seq2'`,
    'insert seq, counters',
    'BOUNDARY_VIOLATED',
    'statement 1',
  ],
  [
    "all tables' counters",
    `SELECT 1; DELETE FROM sqlite_sequence`,
    'insert seq, counters',
    'BOUNDARY_VIOLATED',
    'statement 2',
  ],
  [
    "a counter that nobody's table has",
    `INSERT INTO sqlite_sequence VALUES ('nobody', 7)`,
    'insert seq, counters',
  ],
  ['a table, by a rollback script that may only move counters', `UPDATE t SET a = 1`, 'insert seq, counters'],
  ['DROP', `DROP TABLE t`, 'insert t, update t, delete t, counters'],
];
