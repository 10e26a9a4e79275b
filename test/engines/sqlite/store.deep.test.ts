import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/objects/digest.ts';
import { readWhole } from '../../../src/objects/file.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { listFolder } from '../../../src/objects/tree.ts';
import { driveSync } from '../../../src/objects/walk.ts';
import { make, prepare, useTemp } from './helpers.ts';
import { refuses } from '../../support/refusals.ts';

const temp = useTemp();

function whole(sink: MemoryObjects, link: Link): Uint8Array {
  return [...driveSync(readWhole(link), sink.get)][0]!;
}

describe('the source, stored', () => {
  it('is its files, byte for byte, under their names', async () => {
    const path = temp.file('live.db');
    make(path, 'PRAGMA journal_mode = wal; CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(3000000))');
    using db = new DatabaseSync(path);
    db.exec('PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (2)');
    await using workspace = await prepare(path);
    const sink = new MemoryObjects();
    const tree = await workspace.storeSource(sink);
    const entries = [...driveSync(listFolder(tree), sink.get)];
    expect(entries.map(({ name, mode }) => [name, mode])).toEqual([
      ['source', 'file'],
      ['source-wal', 'file'],
    ]);
    for (const [i, part] of ['', '-wal'].entries()) {
      expect(digestOf(whole(sink, entries[i]!.link))).toBe(digestOf(readFileSync(path + part)));
    }
    expect(await workspace.storeSource(sink)).toEqual(tree);
  });

  it('has a journal where one was left', async () => {
    const path = make(temp.file('journal.db'), 'CREATE TABLE t(a)');
    writeFileSync(`${path}-journal`, Buffer.alloc(1_024));
    await using workspace = await prepare(path);
    const sink = new MemoryObjects();
    const entries = [...driveSync(listFolder(await workspace.storeSource(sink)), sink.get)];
    expect(entries.map(({ name }) => name)).toEqual(['source', 'source-journal']);
  });

  it.each<[string, (path: string) => void]>([
    ['one more row', (path) => make(path, 'INSERT INTO t VALUES (1)')],
    [
      'one byte of the same size',
      (path) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
    [
      'bytes at the end',
      (path) => {
        appendFileSync(path, 'x');
      },
    ],
    [
      'a WAL that was not there',
      (path) => {
        writeFileSync(`${path}-wal`, 'x');
      },
    ],
    [
      'no file',
      (path) => {
        rmSync(path);
      },
    ],
  ])('is refused when it changed: %s', async (name, change) => {
    const path = make(temp.file(`${name}.db`), 'CREATE TABLE t(a)');
    await using workspace = await prepare(path);
    change(path);
    await refuses(workspace.storeSource(new MemoryObjects()), 'SOURCE_CHANGED');
  });
});

describe('the restore image, stored', () => {
  it('has the digest that identifies it', async () => {
    await using workspace = await prepare(make(temp.file('image.db'), 'CREATE TABLE t(a)'));
    const sink = new MemoryObjects();
    const bytes = whole(sink, await workspace.storeImage(sink));
    expect(digestOf(bytes)).toBe(workspace.imageDigest);
  });

  it('is refused when it changed', async () => {
    await using workspace = await prepare(make(temp.file('image2.db'), 'CREATE TABLE t(a)'));
    const folder = (await workspace.isolation()).raw.find(([name]) => name === 'workspace')![1];
    appendFileSync(`${folder}/image.db`, 'x');
    await refuses(workspace.storeImage(new MemoryObjects()), 'ENGINE_FAILED');
    await refuses(workspace.restore('T'), 'ENGINE_FAILED');
  });
});
