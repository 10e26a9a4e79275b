import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFolder } from '../../src/ledger/log-key.ts';
import { EMPTY_HEAD } from '../../src/ledger/log-state.ts';
import { signCheckpoint } from '../../src/log/checkpoint.ts';
import { COSIGNATURE, generateKey } from '../../src/log/note-key.ts';
import { encodeObject, decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { digestOf, parseDigest, type Digest } from '../../src/objects/digest.ts';
import { decodeHead } from '../../src/store/heads.ts';
import { codes, Desk } from '../cli/desk.ts';
import { misSigned } from '../support/note.ts';
import { headOver, rechained, rewriteHead } from './forge.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';

/** Seconds: far enough for whatever was signed before. */
const NEVER = 5_000_000_000;

describe('a log that somebody changed', () => {
  let desk: Desk;
  let records: Uint8Array[];
  let checkpoint: Uint8Array;
  let vkey: string;
  beforeEach(async () => {
    desk = new Desk();
    vkey = (await desk.init()).verifierKey;
    await desk.packet();
    for (const m of ['one', 'two', 'three', 'four']) await desk.json(['commit', 'evidence', '-m', m]);
    const { head } = decodeHead(desk.bytes('.custody/heads/main'), 'heads/main');
    records = [...head.tail];
    checkpoint = head.checkpoint!;
  });
  afterEach(() => desk[Symbol.dispose]());

  const verify = async (revision = '@0', ...more: string[]): Promise<VerifyReport> =>
    desk.json<VerifyReport>(['verify', revision, ...more], 1);
  /** Both say it, and fsck says no more than `extra`. */
  async function bothFind(found: [string, string][], extra: [string, string][] = []): Promise<void> {
    expect(codes((await verify()).findings)).toEqual(found);
    expect(codes((await desk.json<VerifyReport>(['fsck'], 1)).findings)).toEqual([...found, ...extra]);
  }

  /** From the last one back to the first. */
  async function checkpointIds(): Promise<Digest[]> {
    await using ledger = await desk.ledger();
    const ids: Digest[] = [];
    for (let bytes = checkpoint; ;) {
      ids.push(digestOf(bytes));
      const { previous } = decodeKind('checkpoint', bytes);
      if (!previous) return ids;
      bytes = await ledger.get(previous.digest);
    }
  }
  const invalid = (ids: readonly Digest[]): [string, string][] => [
    ['CHECKPOINT_INVALID', `checkpoints/${ids.at(-1)!}`],
  ];

  it('nothing changed: nothing found', async () => {
    rewriteHead(desk, () => headOver(records, checkpoint));
    expect(await desk.json<VerifyReport>(['verify', '@0'])).toMatchObject({
      ok: true,
      signed: { covered: 5, size: 5 },
    });
  });

  it('cut short: the checkpoint covers more than there is', async () => {
    rewriteHead(desk, () => headOver(records.slice(0, 3), checkpoint));
    const ids = await checkpointIds();
    await bothFind(invalid(ids.slice(0, 2)));
    expect((await verify()).signed).toMatchObject({ covered: 3, size: 3 });
    await desk.fails(['verify', '@4'], 'REVISION_UNKNOWN', 2);
  });

  it('cut short, and its checkpoint with it: no longer signed, which only --require asks for', async () => {
    rewriteHead(desk, () => headOver(records.slice(0, 3), null));
    expect(await desk.json<VerifyReport>(['verify', '@2'])).toMatchObject({
      ok: true,
      signed: { covered: 0, size: 3 },
    });
    const required = await verify('@2', '--require', 'signatures');
    expect(codes(required.findings)).toEqual([['LEVEL_SKIPPED', 'signatures']]);
  });

  it('a record taken out of the middle', async () => {
    rewriteHead(desk, () => headOver([...records.slice(0, 2), ...records.slice(3)], null));
    await bothFind([
      ['RECORD_CHAIN_BROKEN', 'records/2'],
      ['RECORD_INDEX_WRONG', 'records/2'],
      ['RECORD_INDEX_WRONG', 'records/3'],
    ]);
    // What it asks for cannot be found: all that is wrong with the log is said.
    const head = await verify('HEAD');
    expect(head.levels).toMatchObject({ chain: 'failed', objects: 'skipped' });
    expect(codes(head.findings)).toEqual(
      [
        ['LEVEL_SKIPPED', 'objects'],
        ['RECORD_CHAIN_BROKEN', 'records/2'],
        ['RECORD_INDEX_WRONG', 'records/2'],
        ['RECORD_INDEX_WRONG', 'records/3'],
      ].sort(([, a], [, b]) => (a! < b! ? -1 : a! > b! ? 1 : 0)),
    );
  });

  it('two records in each other’s place', async () => {
    const [a, b, c, d, e] = records as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    rewriteHead(desk, () => headOver([a, c, b, d, e], null));
    await bothFind([
      ['RECORD_CHAIN_BROKEN', 'records/1'],
      ['RECORD_INDEX_WRONG', 'records/1'],
      ['RECORD_CHAIN_BROKEN', 'records/2'],
      ['RECORD_INDEX_WRONG', 'records/2'],
      ['RECORD_CHAIN_BROKEN', 'records/3'],
    ]);
  });

  it('a record that names another one before it, and one that is no record', async () => {
    const other = encodeObject({
      ...decodeKind('record', records[2]!),
      previous: nodeLink(digestOf(records[0]!)),
    });
    rewriteHead(desk, () =>
      headOver([...records.slice(0, 2), other.bytes, Buffer.from('junk'), records[4]!], null),
    );
    await bothFind([
      ['RECORD_CHAIN_BROKEN', 'records/2'],
      ['RECORD_DAMAGED', 'records/3'],
      ['RECORD_CHAIN_BROKEN', 'records/4'],
    ]);
  });

  it('history written anew, whole and consistent: only the signature objects', async () => {
    rewriteHead(desk, () => ({
      ...rechained([records[0]!, records[2]!, records[3]!, records[4]!, records[4]!]),
      checkpoint,
    }));
    // Of five, only the one over the first record still holds.
    await bothFind(invalid((await checkpointIds()).slice(0, 4)));
  });

  it('a log without its first policy', async () => {
    rewriteHead(desk, () => rechained(records.slice(1)));
    await bothFind([['POLICY_MISMATCH', 'records/0']]);
    rewriteHead(desk, () => EMPTY_HEAD);
    expect(codes((await desk.json<VerifyReport>(['fsck'], 1)).findings)).toEqual([
      ['POLICY_MISMATCH', 'records/0'],
    ]);
  });

  it('a configuration that names another policy, and an auditor who was given another', async () => {
    const other = await verify('HEAD', '--policy', '0'.repeat(64));
    expect(codes(other.findings)).toEqual([['POLICY_MISMATCH', 'records/0']]);
    desk.write(
      '.custody/config.yaml',
      desk.read('.custody/config.yaml').replace(/^policy: ".*"/m, `policy: "${'0'.repeat(64)}"`),
    );
    await bothFind([['POLICY_MISMATCH', 'records/0']]);
  });

  describe('checkpoints', () => {
    /** Puts another one in the place of the last, and gives where the fault is. */
    async function replaced(
      change: (last: ObjectOf<'checkpoint'>) => Partial<ObjectOf<'checkpoint'>>,
      faulty?: Digest,
    ): Promise<void> {
      const last = decodeKind('checkpoint', checkpoint);
      const { bytes } = encodeObject({ ...last, ...change(last) });
      rewriteHead(desk, (head) => ({ ...head, checkpoint: bytes }));
      await bothFind(invalid([faulty ?? digestOf(bytes)]));
      expect((await verify()).levels['signatures']).toBe('failed');
    }
    const signed = (
      skey: string,
      size = 5,
      root = headOver(records, null).root,
      time = NEVER,
    ): { note: string } => ({
      note: signCheckpoint({ origin: 'test.example/log', size, root, time }, skey),
    });
    const logKey = (): string => {
      const [name] = readdirSync(keyFolder(desk.env));
      return desk.read(`config/keys/${name!}`).trim();
    };

    it('a signature that is another', () => replaced(({ note }) => ({ note: misSigned(note) })));
    it('no note at all; what is appended then is not signed, and says why', async () => {
      await replaced(() => ({ note: 'nothing' }));
      const unsigned = 'CHECKPOINT_INVALID';
      expect(await desk.json(['commit', 'evidence'])).toMatchObject({ record: 5, unsigned });
      expect((await desk.run(['commit', 'evidence'])).stderr).toContain(unsigned);
    });
    it('signed by somebody else under the same name', () =>
      replaced(() => signed(generateKey('test.example/log', new Uint8Array(32).fill(7), COSIGNATURE).skey)));
    it('signed by the key of this log, with another root', async () => {
      await replaced(() => signed(logKey(), 5, new Uint8Array(32)));
      await replaced(() => signed(logKey(), 5, headOver(records.slice(0, 3), null).root));
    });
    it('signed by the key of this log, before the one that it links', () =>
      replaced(() => signed(logKey(), 5, undefined, 1)));
    it('linking one before it that is not there', async () => {
      const gone = nodeLink(digestOf(Buffer.from('gone')));
      await replaced(() => ({ previous: gone }), gone.digest);
    });
    it('a head that holds what is no checkpoint', async () => {
      rewriteHead(desk, (head) => ({ ...head, checkpoint: records[0]! }));
      await bothFind(invalid([digestOf(records[0]!)]));
    });
    it('an auditor with another key', async () => {
      const { vkey: other } = generateKey('test.example/log', new Uint8Array(32).fill(7), COSIGNATURE);
      const report = await verify('HEAD', '--key', other);
      expect(codes(report.findings)).toEqual(invalid(await checkpointIds()));
      expect(report).toMatchObject({ ok: false, signed: { covered: 0, size: 5, time: null } });
      expect(await desk.json<VerifyReport>(['verify', 'HEAD', '--key', vkey])).toMatchObject({ ok: true });
    });
    it('an origin that was changed in the configuration', async () => {
      desk.write(
        '.custody/config.yaml',
        desk.read('.custody/config.yaml').replace('origin: "test.example/log"', 'origin: "other"'),
      );
      await bothFind(invalid(await checkpointIds()));
    });
  });

  it('a head whose parts contradict each other is refused, and is a finding', async () => {
    rewriteHead(desk, (head) => ({ ...head, size: 4 }));
    await desk.fails(['log'], 'HEAD_CORRUPT', 1);
    expect(codes((await verify('HEAD')).findings)).toContainEqual(['HEAD_DAMAGED', 'heads/main']);
    expect(codes((await desk.json<VerifyReport>(['fsck'], 1)).findings)).toEqual([
      ['HEAD_DAMAGED', 'heads/main'],
    ]);
  });

  it('an object that is gone: verify of what needs it, and fsck, name it', async () => {
    const { packet } = await desk.json<{ packet: { id: string } }>(['show']);
    for (const name of readdirSync(desk.path('.custody/packs'))) {
      const path = desk.path('.custody/packs', name);
      const bytes = desk.bytes(`.custody/packs/${name}`);
      rmSync(path, { force: true });
      await using ledger = await desk.ledger();
      if (!(await ledger.store.has(parseDigest(packet.id)))) break;
      writeFileSync(path, bytes);
    }
    const report = await verify('HEAD');
    expect(report.findings.map(({ code }) => code)).toContain('OBJECT_MISSING');
    const fsck = await desk.json<VerifyReport>(['fsck'], 1);
    expect(fsck.findings.map(({ code }) => code)).toContain('OBJECT_MISSING');
  });

  it('one flipped bit in a pack is found by fsck', async () => {
    const [name] = readdirSync(desk.path('.custody/packs'));
    const path = desk.path('.custody/packs', name!);
    const bytes = Buffer.from(desk.bytes(`.custody/packs/${name!}`));
    bytes[100]! ^= 1;
    rmSync(path, { force: true });
    writeFileSync(path, bytes);
    const report = await desk.json<VerifyReport>(['fsck'], 1);
    expect(report.findings.map(({ code }) => code)).toContain('PACK_MISNAMED');
  });
});
