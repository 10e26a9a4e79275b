import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDigest } from '../../src/objects/digest.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { Desk } from './desk.ts';
import { writePlan } from './plans.ts';

interface Made {
  before: string;
  after: string;
  sha256: string;
  script: string;
  validated: number | null;
}

describe('custody restore-script', () => {
  let desk: Desk;
  const exec = (file: string, sql: string): void => {
    using db = new DatabaseSync(desk.path(file));
    db.exec(sql);
  };

  beforeEach(() => {
    desk = new Desk();
    exec(
      'a.sqlite',
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'é'), (2, 'b')",
    );
    copyFileSync(desk.path('a.sqlite'), desk.path('b.sqlite'));
    exec('b.sqlite', 'DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (3, 3)');
  });
  afterEach(() => desk[Symbol.dispose]());

  it('prints the script, and says beside it that nobody has validated it; no ledger needed', async () => {
    const ran = await desk.run(['restore-script', 'a.sqlite', 'b.sqlite']);
    expect(ran.exit).toBe(0);
    expect(ran.stdout).toContain('\nBEGIN;\nDELETE FROM main."t" WHERE "id" = 3;\n');
    expect(ran.stdout.endsWith('\nCOMMIT;\n')).toBe(true);
    expect(ran.stderr).toContain('NOT VALIDATED');
    expect(ran.stderr).toContain('rollback: { file: ');
    expect((await desk.run(['restore-script', 'a.sqlite', 'b.sqlite', '--quiet'])).stderr).toBe('');
  });

  it('is one document with --json: ids, digest, counts, and the script', async () => {
    const made = await desk.json<Made>(['restore-script', 'a.sqlite', 'b.sqlite']);
    expect(made).toMatchObject({
      engine: 'sqlite',
      sha256: createHash('sha256').update(made.script).digest('hex'),
      statements: 2,
      inserted: 1,
      updated: 0,
      deleted: 1,
      sequences: 0,
      validated: null,
    });
    expect(made.script).toBe((await desk.run(['restore-script', 'a.sqlite', 'b.sqlite'])).stdout);
  });

  it('--out writes a new file, whole or not at all, and never another', async () => {
    const args = ['restore-script', 'a.sqlite', 'b.sqlite', '--out', 'back.sql'];
    const ran = await desk.run(args);
    expect(ran).toMatchObject({ exit: 0, stderr: expect.stringContaining('file: back.sql') as string });
    const { script, sha256 } = await desk.json<Made>([
      'restore-script',
      'a.sqlite',
      'b.sqlite',
      '--out',
      'two.sql',
    ]);
    expect(Buffer.from(desk.bytes('back.sql')).toString()).toBe(script);
    expect(ran.stdout).toContain(sha256);
    expect(ran.stdout).not.toContain('BEGIN');
    exec('b.sqlite', script);

    desk.write('back.sql', 'mine');
    exec('b.sqlite', 'DELETE FROM t');
    await desk.fails(args, 'USAGE', 2);
    expect(Buffer.from(desk.bytes('back.sql')).toString()).toBe('mine');
    mkdirSync(desk.path('folder'));
    await desk.fails([...args.slice(0, -1), 'folder'], 'USAGE', 2);
    const missing = await desk.fails([...args.slice(0, -1), 'nowhere/back.sql'], 'PATH_NOT_FOUND', 2);
    expect(missing.path).toBe(desk.path('nowhere'));
    const file = await desk.fails([...args.slice(0, -1), 'back.sql/back.sql'], 'PATH_NOT_A_FOLDER', 2);
    expect(file.path).toBe(desk.path('back.sql'));
    expect(existsSync(desk.path('nowhere'))).toBe(false);
    expect(readdirSync(desk.dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('takes snapshots of the ledger, by record and by id', async () => {
    await desk.init();
    await desk.json(['snapshot', 'a.sqlite']);
    const { snapshot } = await desk.json<{ snapshot: string }>(['snapshot', 'b.sqlite']);
    const stored = await desk.json<Made>(['restore-script', '@1', snapshot.slice(0, 12)]);
    expect(stored).toEqual(await desk.json<Made>(['restore-script', 'a.sqlite', 'b.sqlite']));
    expect(stored.after).toBe(snapshot);
    // One side from the ledger, the other from a file.
    expect(await desk.json<Made>(['restore-script', 'a.sqlite', '@2'])).toEqual(stored);
  });

  it('refuses what is no snapshot, what is equal, what does not exist', async () => {
    desk.write('text.txt', 'text');
    await desk.fails(['restore-script', 'a.sqlite', 'text.txt'], 'KIND_NOT_COMPARABLE', 2);
    await desk.fails(['restore-script', 'a.sqlite', 'a.sqlite'], 'RESTORE_UNSUPPORTED', 2);
    await desk.fails(['restore-script', 'a.sqlite', 'nowhere'], 'PATH_NOT_FOUND', 2);
    exec('b.sqlite', 'CREATE INDEX i ON t (v)');
    const error = await desk.fails(['restore-script', 'a.sqlite', 'b.sqlite'], 'RESTORE_UNSUPPORTED', 2);
    expect(error.path).toBe('schema index i');
    await desk.fails(['restore-script', 'a.sqlite'], 'USAGE', 2);
  });
});

describe('validated', () => {
  it('is the newest rehearsal whose leg S ran these bytes and that verifies now', async () => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    copyFileSync(desk.path('app.sqlite'), desk.path('after.sqlite'));
    using db = new DatabaseSync(desk.path('after.sqlite'));
    db.exec(desk.read('change.sql'));
    const make = ['restore-script', 'app.sqlite', 'after.sqlite'];
    const validated = async (): Promise<number | null> => (await desk.json<Made>(make)).validated;

    await desk.json([...make, '--out', 'back.sql']);
    const first = await desk.json<{ record: number; before: string; after: string }>([
      'rehearse',
      'plan.yaml',
    ]);
    expect(await validated()).toBeNull();
    // A record stands for its packet; the ids that rehearse printed are its snapshots.
    const records = await desk.fails(
      ['restore-script', `@${first.record}`, 'HEAD'],
      'KIND_NOT_COMPARABLE',
      2,
    );
    expect(records.hint).toMatch(/before and after/);
    const named = await desk.json<Made>(['restore-script', first.before, first.after]);
    expect(named.script).toBe(desk.read('back.sql'));
    const entry = await desk.run(['cat', `@${first.record}:rehearsal.json`]);
    expect(entry.stdout).toContain(first.before);

    // Leg S with another script, and one with this script that was rejected.
    desk.write('other.sql', "DELETE FROM posts WHERE id = 'p3';\n");
    await desk.json(['rehearse', withRollback(desk, 'other.sql')]);
    await desk.json(['rehearse', withRollback(desk, 'back.sql', 'posts: { inserted: 2 }')], 1);
    expect(await validated()).toBeNull();

    const proof = await desk.json<{ record: number }>(['rehearse', withRollback(desk, 'back.sql')]);
    expect(await validated()).toBe(proof.record);
    expect((await desk.run(make)).stderr).toContain(`@${proof.record}`);
    const { snapshot } = await desk.json<{ snapshot: string }>(['snapshot', 'app.sqlite']);
    expect(await validated()).toBe(proof.record);

    // What a lane writes badly afterwards hides no proof.
    await using ledger = await desk.ledger();
    await using session = await ledger.session();
    await session.append({
      type: 'rehearsal',
      packet: nodeLink(parseDigest(snapshot)),
      run: nodeLink(parseDigest(snapshot)),
      author: 'lane',
      lane: 'main',
      message: 'no packet',
    });
    expect(await validated()).toBe(proof.record);
  });
});

function withRollback(desk: Desk, rollback: string, delta?: string): string {
  rmSync(desk.path('app.sqlite'));
  return writePlan(desk, { extra: `rollback: { file: ${rollback} }`, ...(delta !== undefined && { delta }) });
}
