import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { keyFolder } from '../../src/ledger/log-key.ts';
import { equalHashes, leafHash, rootOf } from '../../src/log/tree-hash.ts';
import { IndexCache } from '../../src/store/index-cache.ts';
import { decodeHead, encodeHead } from '../../src/store/heads.ts';
import { verifyChain } from '../../src/verify/chain.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { gathered } from '../store/harness.ts';
import { commitText } from './commit-text.ts';
import { fill, LedgerPlace, QUICK } from './support.ts';
import { refusedWith, refuses } from '../support/refusals.ts';

const LANE = fileURLToPath(new URL('children/lane.ts', import.meta.url));

describe('a ledger', () => {
  it('of 600 commits: every record, bundle, root and signature', { timeout: 240_000 }, async () => {
    using place = new LedgerPlace(QUICK);
    await using ledger = await place.init();
    for (let i = 1; i <= 600; i++) {
      const { index, size, root } = await commitText(ledger, `text ${i}`, {
        now: () => 1_700_000_000_000 + i,
      });
      if (i % 100 !== 0) continue;
      expect([index, size]).toEqual([i, i + 1]);
      expect(equalHashes(root, (await ledger.head()).root)).toBe(true);
    }
    const head = await ledger.head();
    expect(head.full.map((row) => row.length)).toEqual([2]);
    expect(head.tail).toHaveLength(601 - 512);
    const records = await gathered(ledger.records(head));
    expect(records.map(({ index }) => index)).toEqual(Array.from({ length: 601 }, (_, i) => 600 - i));
    expect(equalHashes(rootOf(records.reverse().map(({ bytes }) => leafHash(bytes))), head.root)).toBe(true);
    expect(await fsckLedger(ledger)).toMatchObject({ ok: true, records: 601 });

    // The head stands at a bundle's end: the last record is in no tail, so only the chain can say that it is another.
    await using again = await place.open();
    const path = join(place.dir, '.custody/heads/main');
    const whole = {
      ...head,
      size: 512,
      tail: [],
      last: nodeLink(digestOf(records[511]!.bytes)),
      checkpoint: null,
    };
    const { frontier, root } = await headAt(again, 512);
    const good = { ...whole, frontier, root };
    expect((await verifyChain(again, good)).findings).toEqual([]);
    const bad = { ...good, last: nodeLink(digestOf(records[510]!.bytes)) };
    writeFileSync(path, encodeHead(bad).bytes);
    expect((await fsckLedger(again)).findings.map(({ code, path: where }) => [code, where])).toEqual([
      ['RECORD_CHAIN_BROKEN', 'heads/main'],
    ]);
  });

  it('is written by two processes at once, 20 commits each, and nothing is lost', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    const lanes = await Promise.all(
      ['a', 'b'].map(async (lane) => {
        const child = spawn(process.execPath, [LANE, place.dir, place.keys, lane, '20'], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
        const [exit] = (await once(child, 'close')) as [number | null];
        expect(exit).toBe(0);
        return output.trim().split('\n').map(Number);
      }),
    );
    expect(lanes.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect((await ledger.head()).size).toBe(41);
    const report = await fsckLedger(ledger);
    expect(report).toMatchObject({ ok: true, records: 41 });
  });

  it('commits of several writers of one process interleave, too', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    const done = await Promise.all(Array.from({ length: 12 }, (_, i) => commitText(ledger, `text ${i}`)));
    expect(done.map(({ index }) => index).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    expect(await fsckLedger(ledger)).toMatchObject({ ok: true, records: 13 });
  });

  it('keeps its index up to date while it commits; without it, or with a broken one, it commits all the same', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    const dir = join(place.dir, '.custody/index');
    const covered = async (): Promise<number> => {
      await ledger.store.refresh();
      await using index = await IndexCache.open(dir);
      return ledger.store.packs.filter((name) => index?.covers(name) === true).length;
    };
    for (let i = 0; i < 3; i++) await commitText(ledger, `text ${i}`);
    // Each append has a pack: its checkpoint is in the head.
    expect(await covered()).toBe(4);
    rmSync(dir, { recursive: true });
    await commitText(ledger, 'without');
    expect(await covered()).toBe(5);
    rmSync(dir, { recursive: true });
    mkdirSync(dir);
    writeFileSync(join(dir, 'CURRENT'), 'nonsense');
    await commitText(ledger, 'broken');
    expect(await covered()).toBe(6);
    rmSync(dir, { recursive: true });
    writeFileSync(dir, 'a file');
    await commitText(ledger, 'a file');
    expect(await fsckLedger(ledger)).toMatchObject({ ok: true, records: 7 });
  });

  it('an object that is stored is not stored again', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    await commitText(ledger, 'same');
    const before = (await fsckLedger(ledger)).objects;
    await commitText(ledger, 'same');
    // An entry, and the checkpoint before.
    expect((await fsckLedger(ledger)).objects - before).toBe(2);
  });

  it('is found from below, and by its own folder', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    const deep = join(place.dir, 'a/b/c');
    mkdirSync(deep, { recursive: true });
    await using found = await Ledger.find(deep, { keys: place.keys });
    expect(found.folder).toBe(ledger.folder);
    await using named = await Ledger.open(ledger.folder, { keys: place.keys });
    expect(named.folder).toBe(ledger.folder);
  });

  it('that could not be made leaves no folder and no key', async () => {
    using place = new LedgerPlace();
    const failing = async (): Promise<never> => {
      throw new TypeError('no policy');
    };
    const options = { origin: 'test.example/log', author: 'test', keys: place.keys };
    await expect(Ledger.init(place.dir, { ...options, fill: failing })).rejects.toThrow(TypeError);
    expect(existsSync(join(place.dir, '.custody'))).toBe(false);
    expect(existsSync(place.keys)).toBe(false);
    await refuses(() => Ledger.init(place.dir, { ...options, origin: 'a+b', fill }), 'ORIGIN_MALFORMED');
    expect(existsSync(join(place.dir, '.custody'))).toBe(false);
  });

  it('an interrupted wait for the lock appends nothing', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    await using lock = await ledger.store.backend.lock();
    expect(lock.held).toBe(true);
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    await using other = await place.open();
    expect(await refusedWith(() => commitText(other, 'x', { signal: stop.signal }))).toBe('INTERRUPTED');
    expect((await ledger.head()).size).toBe(1);
  });

  it('a writer that is disposed without an append leaves nothing', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    const packs = readdirSync(join(place.dir, '.custody/packs'));
    {
      await using session = await ledger.session();
      session.writer.put('raw', digestOf(Buffer.from('x')), new Uint8Array(Buffer.from('x')));
    }
    expect(readdirSync(join(place.dir, '.custody/packs'))).toEqual(packs);
  });

  it('a head without checkpoint is signed by the next append of who has the key', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    const keys = join(place.dir, 'none');
    await using lane = await Ledger.open(place.dir, { keys });
    await commitText(lane, 'unsigned');
    const signed = async (): Promise<string | undefined> => {
      const { checkpoint } = await ledger.head();
      return decodeKind('checkpoint', checkpoint!).note.split('\n')[1];
    };
    expect(await signed()).toBe('1');
    await commitText(ledger, 'signed');
    expect(await signed()).toBe('3');
  });
});

describe('the folder of keys', () => {
  it('is in the configuration folder, never in the ledger', () => {
    expect(keyFolder({ CUSTODY_CONFIG_DIR: '/c', XDG_CONFIG_HOME: '/x', HOME: '/h' })).toBe('/c/keys');
    expect(keyFolder({ XDG_CONFIG_HOME: '/x', HOME: '/h' })).toBe('/x/custody/keys');
    expect(keyFolder({ HOME: '/h' })).toBe('/h/.config/custody/keys');
    expect(keyFolder({ CUSTODY_CONFIG_DIR: '', XDG_CONFIG_HOME: '', HOME: '/h' })).toBe(
      '/h/.config/custody/keys',
    );
  });

  it('and everything in the ledger is for its owner alone', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    {
      await using session = await ledger.session();
      expect(session.writer).toBeDefined();
    }
    expect(statSync(ledger.folder).mode & 0o077).toBe(0);
    for (const name of readdirSync(ledger.folder, { recursive: true, encoding: 'utf8' })) {
      const { mode } = statSync(join(ledger.folder, name));
      // SQLite and LevelDB make their files themselves; the folder above keeps everybody out.
      if (name === 'lock' || name.startsWith('index/')) continue;
      expect(mode & 0o777, name).toBe(
        /\.pack$/.test(name) ? 0o400 : /main|config/.test(name) ? 0o600 : 0o700,
      );
    }
  });

  it('and its keys are for their owner alone', async () => {
    using place = new LedgerPlace();
    await using ledger = await place.init();
    const [name] = readdirSync(place.keys);
    expect(statSync(join(place.keys, name!)).mode & 0o777).toBe(0o600);
    expect(statSync(place.keys).mode & 0o777).toBe(0o700);
    expect(ledger.config.verifierKey).toContain('test.example/log+');
    const { bytes } = decodeHead(
      new Uint8Array((await ledger.store.backend.readHead('main'))!),
      'heads/main',
    );
    expect(Buffer.from(bytes).includes('PRIVATE')).toBe(false);
  });
});

/** Frontier and root of the first `size` records. */
async function headAt(ledger: Ledger, size: number): Promise<{ frontier: Uint8Array[]; root: Uint8Array }> {
  const { Frontier } = await import('../../src/log/frontier.ts');
  const frontier = Frontier.empty();
  const records = await gathered(ledger.records(await ledger.head(), size - 1));
  for (const { bytes } of records.reverse()) frontier.append(leafHash(bytes));
  return { frontier: frontier.hashes(), root: frontier.root() };
}
