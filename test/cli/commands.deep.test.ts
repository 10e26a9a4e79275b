import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codes, Desk } from './desk.ts';
import type { FsckReport } from '../../src/workflows/fsck.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';

type Commit = Record<'recordId' | 'entry' | 'packet' | 'tree' | 'seal', string>;
describe('commands on small real input', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
  });
  afterEach(() => desk[Symbol.dispose]());

  it('init makes a ledger whose first record is its policy', async () => {
    using other = new Desk();
    const made = await other.json<{ ledger: string; origin: string; policy: string }>([
      'init',
      'deep/er',
      '--origin',
      'a.example/log',
    ]);
    expect(made.ledger).toBe(other.path('deep/er/.custody'));
    expect(made.origin).toBe('a.example/log');
    const log = await other.json<{ record: number; type: string }[]>(['log', '--ledger', 'deep/er']);
    expect(log).toMatchObject([{ record: 0, type: 'policy', author: 'tester' }]);
    // Found upwards from below, and named by the .custody folder itself, too.
    expect((await other.run(['log', '--ledger', made.ledger])).stdout).toContain('@0');
  });

  it('seals, commits, lists, shows, prints, verifies and compares a folder', async () => {
    const packet = await desk.packet();
    const seal = execFileSync('sha256sum', ['HASH_MANIFEST.txt'], {
      cwd: desk.path(packet),
      encoding: 'utf8',
    });
    const done = await desk.json<Commit>(['commit', packet, '-m', 'first', '--lane', 'lane-07']);
    expect(done).toMatchObject({ record: 1, size: 2, seal: seal.slice(0, 64) });

    const log = await desk.json<Record<string, unknown>[]>(['log']);
    expect(log).toMatchObject([
      { record: 1, entry: done.entry, type: 'packet', lane: 'lane-07', message: 'first', author: 'tester' },
      { record: 0, type: 'policy' },
    ]);
    expect(await desk.json(['log', '-n', '1'])).toHaveLength(1);
    expect(await desk.json(['log', '--lane', 'lane-07'])).toHaveLength(1);
    expect(await desk.json(['log', '--type', 'snapshot'])).toEqual([]);

    for (const revision of ['HEAD', '@1', done.recordId, done.entry, done.entry.slice(0, 8)]) {
      expect(await desk.json(['show', revision])).toMatchObject({ record: 1, packet: { id: done.packet } });
    }
    expect(await desk.json(['show', done.packet])).toMatchObject({ id: done.packet, kind: 'packet' });
    expect(await desk.json(['show', 'HEAD:b/c.txt'])).toEqual({ path: 'b/c.txt', size: 6, text: 'gamma\n' });
    expect((await desk.run(['show', 'HEAD:a.txt'])).stdout).toBe('alpha\n');

    expect((await desk.run(['cat', 'HEAD:a.txt'])).stdout).toBe('alpha\n');
    const blob = createHash('sha256').update('alpha\n').digest('hex');
    expect(await desk.json(['cat', blob])).toEqual({ sha256: blob, size: 6, text: 'alpha\n' });
    expect(await desk.json(['cat', done.entry])).toMatchObject({ size: expect.any(Number) as number });
    expect(await desk.json(['cat', done.packet])).toMatchObject({
      sha256: done.packet,
      base64: expect.any(String) as string,
    });
    expect((await desk.run(['cat', blob])).stdout).toBe('alpha\n');
    expect((await desk.run(['cat', blob.slice(0, 10)])).stdout).toBe('alpha\n');

    const verified = await desk.json<VerifyReport>(['verify', '@1']);
    expect(verified).toMatchObject({
      ok: true,
      seal: done.seal,
      required: ['seal', 'objects', 'chain'],
      signed: { covered: 2, size: 2 },
      levels: {
        seal: 'done',
        objects: 'done',
        chain: 'done',
        signatures: 'done',
        semantics: 'skipped',
        reexecuted: 'skipped',
      },
    });
    expect(await desk.json<VerifyReport>(['verify', packet])).toMatchObject({ ok: true, required: ['seal'] });
    expect(await desk.json<VerifyReport>(['verify', packet, '--expect', done.seal])).toMatchObject({
      ok: true,
    });
    expect(await desk.json<VerifyReport>(['verify', packet, '--against', '@1'])).toMatchObject({
      ok: true,
      required: ['seal', 'objects', 'chain'],
    });
    expect(await desk.json(['diff', packet, '@1', '--exit-code'])).toEqual({
      equal: true,
      kind: 'tree',
      changes: [],
    });
  });

  it('the same folder again adds an entry, a record and a checkpoint, and nothing else', async () => {
    const packet = await desk.packet();
    const first = await desk.json<Commit>(['commit', packet]);
    const before = await desk.json<FsckReport>(['fsck']);
    const again = await desk.json<Commit>(['commit', packet]);
    const after = await desk.json<FsckReport>(['fsck']);
    expect(again).toMatchObject({
      record: 2,
      size: 3,
      packet: first.packet,
      tree: first.tree,
      seal: first.seal,
    });
    expect(again.entry).not.toBe(first.entry);
    expect([
      after.objects - before.objects,
      after.packs - before.packs,
      after.records - before.records,
    ]).toEqual([2, 1, 1]);
  });

  it('an object longer than 1 MiB comes back whole', async () => {
    const content = 'a line of evidence\n'.repeat(80_000);
    const packet = await desk.packet('long', { 'long.log': content });
    await desk.json(['commit', packet]);
    expect((await desk.run(['cat', 'HEAD:long.log'])).stdout).toBe(content);
    const { files } = await desk.json<{ files: { path: string; sha256: string }[] }>(['show']);
    expect(files.find(({ path }) => path === 'long.log')?.sha256).toBe(
      createHash('sha256').update(content).digest('hex'),
    );
  });

  it('snapshots: the same state is stored once; a change stores what differs', async () => {
    desk.database(
      'a.sqlite',
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t (v) VALUES ('x'), ('y');",
    );
    const dry = await desk.json<{ snapshot: string; record: null }>(['snapshot', 'a.sqlite', '--dry-run']);
    const first = await desk.json<{ snapshot: string; newBytes: number; tables: object }>([
      'snapshot',
      'a.sqlite',
    ]);
    expect(first).toMatchObject({ snapshot: dry.snapshot, rows: 2, record: 1, tables: { t: { rows: 2 } } });
    const again = await desk.json<{ snapshot: string; newBytes: number }>(['snapshot', 'a.sqlite']);
    expect(again).toMatchObject({ snapshot: first.snapshot, newBytes: 0, record: 2 });
    desk.database('a.sqlite', "UPDATE t SET v = 'z' WHERE id = 2;");
    const changed = await desk.json<{ snapshot: string }>(['snapshot', 'a.sqlite']);
    expect(changed.snapshot).not.toBe(first.snapshot);
    const diff = await desk.json<{ changes: unknown[] }>(['diff', '@1', '@3', '--exit-code'], 1);
    expect(diff).toMatchObject({
      equal: false,
      kind: 'snapshot',
      changes: [
        {
          part: 'row',
          change: 'changed',
          table: 't',
          key: { columns: { id: { integer: '2' } } },
          before: { v: 'y' },
          after: { v: 'z' },
          columns: ['v'],
        },
      ],
    });
    expect(await desk.json(['diff', '@3', 'a.sqlite'])).toMatchObject({ equal: true, kind: 'snapshot' });
    expect((await desk.run(['diff', '@1', '@3'])).stdout).toContain('v: y → z');
  });

  it('diff compares JSON by values, text by lines, bytes, objects, folders; without a ledger, too', async () => {
    using bare = new Desk();
    bare.write('a.json', '{"a": 1, "b": [1, 2]}');
    bare.write('b.json', '{"b": [1, 3], "c": null}');
    expect(await bare.json(['diff', 'a.json', 'b.json'])).toEqual({
      equal: false,
      kind: 'json',
      changes: [
        { path: '/a', change: 'removed', before: 1 },
        { path: '/b/1', change: 'changed', before: 2, after: 3 },
        { path: '/c', change: 'added', after: null },
      ],
    });
    bare.write('a.txt', 'one\ntwo\n');
    bare.write('b.txt', 'one\nthree\n');
    expect(await bare.json(['diff', 'a.txt', 'b.txt'])).toEqual({
      equal: false,
      kind: 'text',
      changes: [
        { change: 'removed', line: 2, text: 'two' },
        { change: 'added', line: 2, text: 'three' },
      ],
    });
    bare.write('a.bin', Uint8Array.of(0, 1, 2));
    bare.write('b.bin', Uint8Array.of(0, 1, 3, 4));
    expect(await bare.json(['diff', 'a.bin', 'b.bin'])).toEqual({
      equal: false,
      kind: 'bytes',
      changes: [{ before: 3, after: 4, firstDifference: 2 }],
    });
    bare.write('x/same', '1');
    bare.write('x/gone', '1');
    bare.write('y/same', '1');
    bare.write('y/new', '1');
    const trees = await bare.json<{ changes: { path: string; change: string }[] }>(['diff', 'x', 'y']);
    expect(trees.changes.map(({ path, change }) => [path, change])).toEqual([
      ['gone', 'removed'],
      ['new', 'added'],
    ]);
    await bare.fails(['diff', 'x', 'a.txt'], 'KIND_NOT_COMPARABLE', 2);
    await bare.fails(['diff', 'x', 'nowhere'], 'PATH_NOT_FOUND', 2);
    await desk.packet();
    await desk.json(['commit', 'evidence']);
    await desk.json(['commit', 'evidence', '-m', 'again']);
    const [second, first] = await desk.json<{ entry: string }[]>(['log', '-n', '2']);
    const { packet } = await desk.json<{ packet: { id: string } }>(['show']);
    expect(packet.id).toMatch(/^[0-9a-f]{64}$/);
    // Two entries name their packets, so the packets are compared.
    expect(await desk.json(['diff', first!.entry, second!.entry])).toMatchObject({
      equal: true,
      kind: 'tree',
    });
    await desk.json(['validator', 'pin']);
    expect(await desk.json(['diff', 'HEAD:a.txt', 'HEAD~1:a.txt'])).toMatchObject({ equal: true });
  });

  it('validators: one is pinned from the start; pinning it again changes nothing', async () => {
    const list = await desk.json<{ policy: string; validators: { validator: string; builtIn: boolean }[] }>([
      'validator',
      'list',
    ]);
    expect(list.validators).toMatchObject([{ builtIn: true, runner: 'node-permission' }]);
    const before = desk.state();
    expect(await desk.json(['validator', 'pin'])).toMatchObject({
      validator: list.validators[0]!.validator,
      policy: list.policy,
      record: null,
    });
    expect(desk.state()).toEqual(before);
    expect(await desk.json(['validator', 'selftest'])).toMatchObject({
      ok: true,
      validators: [{ ok: true, failed: [] }],
    });
  });

  it('commit of a folder that is not sealed, or broken: exit 1, all findings, and not one byte changed', async () => {
    desk.write('loose/a.txt', 'a');
    await desk.packet();
    desk.write('evidence/a.txt', 'tampered\n');
    desk.write('evidence/new.txt', 'unlisted\n');
    rmSync(desk.path('evidence/b/c.txt'));
    const before = desk.state({ index: true });
    const loose = await desk.fails(['commit', 'loose'], 'PACKET_NOT_SEALED', 1);
    expect(codes(loose.findings ?? [])).toContainEqual(['MANIFEST_MISSING', 'HASH_MANIFEST.txt']);
    const broken = await desk.fails(['commit', 'evidence'], 'PACKET_BROKEN', 1);
    expect(codes(broken.findings ?? [])).toEqual([
      ['FILE_CHANGED', 'a.txt'],
      ['FILE_MISSING', 'b/c.txt'],
      ['FILE_UNLISTED', 'new.txt'],
    ]);
    expect(desk.state({ index: true })).toEqual(before);
  });

  it('commit --expect another seal is refused', async () => {
    await desk.packet();
    const before = desk.state({ index: true });
    const refused = await desk.fails(['commit', 'evidence', '--expect', '0'.repeat(64)], 'PACKET_BROKEN', 1);
    expect(codes(refused.findings ?? [])).toEqual([['SEAL_UNEXPECTED', 'packet_tree.sha256']]);
    expect(desk.state({ index: true })).toEqual(before);
  });

  it('seal refuses a folder that was sealed and changed, unless told; and the folder of a ledger', async () => {
    await desk.packet();
    desk.write('evidence/a.txt', 'changed\n');
    const refused = await desk.run(['seal', 'evidence']);
    expect(refused.exit).toBe(1);
    await desk.json(['seal', 'evidence', '--force']);
    await desk.fails(['seal', '.'], 'USAGE', 2);
  });
});
