import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { resolveRevision } from '../../src/ledger/revision.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { packetIn } from '../../src/packets/find-packet.ts';
import { Desk } from './desk.ts';

interface Unpacked {
  folder: string;
  seal: string;
  files: number;
  size: number;
}

describe('unpack', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
  });
  afterEach(() => desk[Symbol.dispose]());
  const names = (): string[] => readdirSync(desk.dir).sort();

  it('writes the folder that was committed: names, bytes, exec bits, symlinks, empty folders', async () => {
    desk.write('evidence/run.sh', '#!/bin/sh\n');
    chmodSync(desk.path('evidence/run.sh'), 0o755);
    desk.write('evidence/large.bin', new Uint8Array(3_000_000).fill(7));
    mkdirSync(desk.path('evidence/empty/er'), { recursive: true });
    symlinkSync('run.sh', desk.path('evidence/link'));
    await desk.packet();
    const { seal } = await desk.json<{ seal: string }>(['commit', 'evidence']);

    const done = await desk.json<Unpacked>(['unpack', 'HEAD', 'again']);
    expect(done).toMatchObject({ folder: desk.path('again'), seal, files: 7 });
    expect(await desk.json(['verify', 'again', '--against', 'HEAD'])).toMatchObject({ ok: true });
    expect(await desk.json(['diff', 'evidence', 'again'])).toMatchObject({ equal: true });
    expect(statSync(desk.path('again')).mode & 0o777).toBe(0o700);
    expect(statSync(desk.path('again/run.sh')).mode & 0o777).toBe(0o700);
    expect(statSync(desk.path('again/a.txt')).mode & 0o777).toBe(0o600);
    const sizes = readdirSync(desk.path('evidence'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`).length);
    expect(done.size).toBe(sizes.reduce((sum, size) => sum + size, 'run.sh'.length));
    // By the id of the packet, too.
    await desk.json(['unpack', '@1', 'third']);
    expect((await desk.run(['unpack', 'HEAD', 'fourth'])).stdout).toMatch(
      /^unpacked 7 files into .*fourth\n/,
    );
  });

  it('writes over nothing, and into no folder that is not there', async () => {
    await desk.packet();
    await desk.json(['commit', 'evidence']);
    desk.write('file', 'mine');
    mkdirSync(desk.path('empty'));
    const before = names();
    for (const place of ['evidence', 'file', 'empty', '.'])
      await desk.fails(['unpack', 'HEAD', place], 'USAGE', 2);
    await desk.fails(['unpack', 'HEAD', 'none/here'], 'PATH_NOT_FOUND', 2);
    await desk.fails(['unpack', 'HEAD', 'file/here'], 'PATH_NOT_A_FOLDER', 2);
    await desk.fails(['unpack', 'HEAD'], 'USAGE', 2);
    await desk.fails(['unpack', '@9', 'new'], 'REVISION_UNKNOWN', 2);
    await desk.fails(['unpack', 'HEAD~1', 'new'], 'PATH_NOT_FOUND', 2);
    expect(names()).toEqual(before);
    expect(desk.read('file')).toBe('mine');
  });

  it('leaves nothing where it was interrupted', async () => {
    await desk.packet();
    await desk.json(['commit', 'evidence']);
    const before = names();
    await desk.fails(['unpack', 'HEAD', 'new'], 'INTERRUPTED', 4, { signal: AbortSignal.abort() });
    expect(names()).toEqual(before);
  });

  /** What a lane may append with our own library: the packet of record 1 with another tree. */
  async function commitTree(change: (target: string) => string): Promise<void> {
    await using ledger = await Ledger.open(desk.dir, { keys: desk.path('config') });
    const revision = await resolveRevision(ledger, '@1');
    if (revision.type !== 'record') throw new Error('@1 is a record');
    const id = packetIn(revision.entry)!.digest;
    const packet = decodeKind('packet', await ledger.store.get(id));
    const tree = decodeKind('tree', await ledger.store.get(packet.tree.digest));
    await using session = await ledger.session();
    const entries = tree.entries.map((entry) => {
      if (Array.isArray(entry) || entry.mode !== 'symlink') return entry;
      const text = new Uint8Array(Buffer.from(change('a.txt')));
      const link = putBlob(session.writer, text);
      return { ...entry, link };
    });
    const other = putObject(session.writer, { ...tree, entries });
    const forged = putObject(session.writer, { ...packet, tree: other });
    await session.append({
      type: 'packet',
      packet: forged,
      author: 'lane',
      lane: 'lane',
      message: '',
    });
  }

  it('writes no packet that could not have been committed', async () => {
    mkdirSync(desk.path('evidence'));
    symlinkSync('a.txt', desk.path('evidence/link'));
    await desk.packet();
    await desk.json(['commit', 'evidence']);
    await commitTree((target) => target);
    await desk.json(['unpack', 'HEAD', 'same']);
    const before = names();
    for (const target of ['../file', '/etc/passwd', 'link', 'b/c.txt']) {
      await commitTree(() => target);
      const { findings } = await desk.fails(['unpack', 'HEAD', 'new'], 'PACKET_BROKEN', 1);
      expect(findings!.map(({ code, path }) => [code, path])).toContainEqual([
        target === 'b/c.txt' ? 'MANIFEST_CHANGED' : 'SYMLINK_ESCAPES',
        target === 'b/c.txt' ? 'HASH_MANIFEST.txt' : 'link',
      ]);
      expect(names()).toEqual(before);
    }
  });
});
