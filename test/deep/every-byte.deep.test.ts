import {
  chmodSync,
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { FsBackend } from '../../src/store/fs.ts';
import { scrub } from '../../src/store/scrub.ts';
import { commitFolder } from '../../src/workflows/commit.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { snapshotDatabase } from '../../src/workflows/snapshot.ts';
import { appendMany, filesBelow, sealedFolder, smallLedger, useFolder, WHO } from './ledgers.ts';

const folder = useFolder();

/** `packs/…` and `heads/…` with their bytes. */
let files: Map<string, Buffer>;
let ledgerDir: string;

const path = (name: string): string => join(ledgerDir, name);

async function fsck(): Promise<string[]> {
  await using ledger = await Ledger.open(folder.file('ledger'));
  return (await fsckLedger(ledger)).findings.map(({ code }) => code);
}

beforeAll(async () => {
  {
    await using ledger = await smallLedger(folder.file('ledger'));
    const packet = await sealedFolder(folder.file('packet'), {
      'evidence.json': '{"before_hash":1}',
      'notes.txt': 'hold\n'.repeat(400),
    });
    await commitFolder(ledger, packet, { ...WHO, message: 'a packet' });
    const database = folder.file('tiny.sqlite');
    using db = new DatabaseSync(database);
    db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB);
      INSERT INTO t VALUES (1, 'one', x'00ff'), (2, NULL, NULL), (9007199254740993, 'big', zeroblob(3000));`);
    await snapshotDatabase(ledger, database, { ...WHO, message: 'a snapshot' });
    await appendMany(ledger, 260);
    await commitFolder(ledger, packet, { ...WHO, message: 'again' });
    ledgerDir = ledger.folder;
  }
  files = new Map(
    [...filesBelow(ledgerDir)].filter(([name]) => name.startsWith('packs/') || name.startsWith('heads/')),
  );
  for (const name of files.keys()) chmodSync(path(name), 0o644);
});

describe('a small real ledger', () => {
  it('is sound, and holds a bundle and a checkpoint', async () => {
    await using ledger = await Ledger.open(folder.file('ledger'));
    const head = await ledger.head();
    expect(head.full).toHaveLength(1);
    expect(head.checkpoint).not.toBeNull();
    const report = await fsckLedger(ledger);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ ok: true, records: 264, packs: files.size - 1 });
  });

  it('any flipped byte is found by the physical check alone', async () => {
    const backend = FsBackend.open(ledgerDir);
    const missed: string[] = [];
    let flips = 0;
    for (const [name, bytes] of files) {
      // Alone in a folder of its own, so that one flip does not cost the hashing of every other file.
      const alone = folder.file('alone');
      rmSync(alone, { recursive: true, force: true });
      FsBackend.create(alone);
      cpSync(path(name), join(alone, name));
      const target = openSync(join(alone, name), 'r+');
      const single = FsBackend.open(alone);
      expect((await scrub(single)).findings).toEqual([]);
      for (let at = 0; at < bytes.length; at++) {
        writeSync(target, Uint8Array.of(bytes[at]! ^ (1 << (at & 7))), 0, 1, at);
        if ((await scrub(single)).findings.length === 0) missed.push(`${name}:${at}`);
        writeSync(target, bytes, at, 1, at);
        flips++;
      }
      closeSync(target);
    }
    expect(missed).toEqual([]);
    expect(flips).toBe([...files.values()].reduce((sum, { length }) => sum + length, 0));
    expect((await scrub(backend)).findings).toEqual([]);
  });

  it('a flipped byte is found by the whole fsck, which goes on: every byte of the head, every 97th of the packs', async () => {
    const missed: string[] = [];
    for (const [name, bytes] of files) {
      const step = name.startsWith('heads/') ? 1 : 97;
      const descriptor = openSync(path(name), 'r+');
      for (let at = 0; at < bytes.length; at += step) {
        writeSync(descriptor, Uint8Array.of(bytes[at]! ^ 0x40), 0, 1, at);
        if ((await fsck()).length === 0) missed.push(`${name}:${at}`);
        writeSync(descriptor, bytes, at, 1, at);
      }
      closeSync(descriptor);
    }
    expect(missed).toEqual([]);
    expect(await fsck()).toEqual([]);
  });

  it('any file cut short anywhere, or longer by a byte, is found', async () => {
    const missed: string[] = [];
    for (const [name, bytes] of files) {
      const cuts = new Set([0, 1, 8, bytes.length >> 1, bytes.length - 56, bytes.length - 1]);
      for (let cut = 0; cut < bytes.length; cut += 211) cuts.add(cut);
      for (const length of cuts) {
        if (length < 0) continue;
        writeFileSync(path(name), bytes.subarray(0, length));
        if ((await fsck()).length === 0) missed.push(`${name} cut to ${length}`);
      }
      writeFileSync(path(name), Buffer.concat([bytes, Buffer.of(0)]));
      if ((await fsck()).length === 0) missed.push(`${name} and a byte`);
      writeFileSync(path(name), bytes);
    }
    expect(missed).toEqual([]);
    expect(await fsck()).toEqual([]);
  });

  it('any file that is gone is found', async () => {
    const missed: string[] = [];
    for (const [name, bytes] of files) {
      rmSync(path(name));
      if ((await fsck()).length === 0) missed.push(name);
      writeFileSync(path(name), bytes);
    }
    expect(missed).toEqual([]);
  });

  it('any two files that changed places are found', async () => {
    const missed: string[] = [];
    const names = [...files.keys()];
    for (const [i, a] of names.entries()) {
      for (const b of names.slice(i + 1)) {
        renameSync(path(a), path('swap'));
        renameSync(path(b), path(a));
        renameSync(path('swap'), path(b));
        if ((await fsck()).length === 0) missed.push(`${a} and ${b}`);
        writeFileSync(path(a), files.get(a)!);
        writeFileSync(path(b), files.get(b)!);
      }
    }
    expect(missed).toEqual([]);
    expect(await fsck()).toEqual([]);
  });

  it.each(['packs/extra', 'packs/.tmp-1-00', 'heads/Extra', `packs/${'0'.repeat(64)}.pack`])(
    'a file too many is found: %s',
    async (name) => {
      for (const bytes of [Buffer.alloc(0), Buffer.from('x'), files.values().next().value!]) {
        writeFileSync(path(name), bytes);
        expect(await fsck()).not.toEqual([]);
        rmSync(path(name));
      }
      expect(await fsck()).toEqual([]);
    },
  );

  it('left nothing behind', () => {
    expect(readdirSync(ledgerDir).sort()).toEqual(['config.yaml', 'heads', 'index', 'lock', 'packs']);
  });
});
