import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFolder } from '../../src/ledger/log-key.ts';
import { EMPTY_HEAD } from '../../src/ledger/log-state.ts';
import { signCheckpoint } from '../../src/log/checkpoint.ts';
import { generateKey } from '../../src/log/note-key.ts';
import { encodeObject, decodeKind } from '../../src/objects/kinds.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { digestOf, parseDigest } from '../../src/objects/digest.ts';
import { decodeHead } from '../../src/store/heads.ts';
import { codes, Desk } from '../cli/desk.ts';
import { headOver, rechained, rewriteHead } from './forge.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';

describe('a log that somebody changed', () => {
  let desk: Desk;
  let records: Uint8Array[];
  let checkpoint: string | null;
  let vkey: string;
  beforeEach(async () => {
    desk = new Desk();
    vkey = (await desk.init()).verifierKey;
    await desk.packet();
    for (const m of ['one', 'two', 'three', 'four']) await desk.json(['commit', 'evidence', '-m', m]);
    const { head } = decodeHead(desk.bytes('.custody/heads/main'), 'heads/main');
    records = [...head.tail];
    checkpoint = head.checkpoint;
  });
  afterEach(() => desk[Symbol.dispose]());

  const verify = async (revision = '@0', ...more: string[]): Promise<VerifyReport> =>
    desk.json<VerifyReport>(['verify', revision, ...more], 1);
  /** Both say it, and fsck says no more than `extra`. */
  async function bothFind(found: [string, string][], extra: [string, string][] = []): Promise<void> {
    expect(codes((await verify()).findings)).toEqual(found);
    expect(codes((await desk.json<VerifyReport>(['fsck'], 1)).findings)).toEqual([...found, ...extra]);
  }

  it('nothing changed: nothing found', async () => {
    rewriteHead(desk, () => headOver(records, checkpoint));
    expect(await desk.json<VerifyReport>(['verify', '@0'])).toMatchObject({
      ok: true,
      signed: { covered: 5, size: 5 },
    });
  });

  it('cut short: the checkpoint covers more than there is', async () => {
    rewriteHead(desk, () => headOver(records.slice(0, 3), checkpoint));
    await bothFind([['CHECKPOINT_INVALID', 'heads/main/checkpoint']]);
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
    // What it asks for cannot be found: all that is wrong is said, not the first fault.
    const head = await verify('HEAD');
    expect(head.levels).toMatchObject({ chain: 'failed', objects: 'skipped' });
    expect(codes(head.findings)).toEqual(
      [
        ['RECORD_DAMAGED', 'HEAD'],
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
    await bothFind([['CHECKPOINT_INVALID', 'heads/main/checkpoint']]);
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
    const replaced = async (text: string): Promise<void> => {
      rewriteHead(desk, (head) => ({ ...head, checkpoint: text }));
      await bothFind([['CHECKPOINT_INVALID', 'heads/main/checkpoint']]);
      expect((await verify()).levels['signatures']).toBe('failed');
    };
    const root = (): Uint8Array => headOver(records, null).root;

    it('a signature that is another', async () => {
      const at = checkpoint!.length - 20;
      await replaced(
        checkpoint!.slice(0, at) + (checkpoint![at] === 'A' ? 'B' : 'A') + checkpoint!.slice(at + 1),
      );
    });
    it('no note at all', async () => replaced('nothing'));
    it('signed by somebody else under the same name', async () => {
      const { skey } = generateKey('test.example/log', new Uint8Array(32).fill(7));
      await replaced(signCheckpoint({ origin: 'test.example/log', size: 5, root: root() }, skey));
    });
    it('signed by the key of this log, with another root', async () => {
      const [name] = readdirSync(keyFolder(desk.env));
      const skey = desk.read(`config/keys/${name!}`).trim();
      await replaced(signCheckpoint({ origin: 'test.example/log', size: 5, root: new Uint8Array(32) }, skey));
      await replaced(signCheckpoint({ origin: 'test.example/log', size: 3, root: root() }, skey));
    });
    it('an auditor with another key', async () => {
      const { vkey: other } = generateKey('test.example/log', new Uint8Array(32).fill(7));
      const report = await verify('HEAD', '--key', other);
      expect(codes(report.findings)).toEqual([['CHECKPOINT_INVALID', 'heads/main/checkpoint']]);
      expect(await desk.json<VerifyReport>(['verify', 'HEAD', '--key', vkey])).toMatchObject({ ok: true });
    });
    it('an origin that was changed in the configuration', async () => {
      desk.write(
        '.custody/config.yaml',
        desk.read('.custody/config.yaml').replace('origin: "test.example/log"', 'origin: "other"'),
      );
      await bothFind([['CHECKPOINT_INVALID', 'heads/main/checkpoint']]);
    });
  });

  it('a head whose parts contradict each other is refused, and is a finding', async () => {
    rewriteHead(desk, (head) => ({ ...head, size: 4 }));
    await desk.fails(['log'], 'HEAD_CORRUPT', 1);
    expect(codes((await verify('HEAD')).findings)).toContainEqual(['RECORD_DAMAGED', 'HEAD']);
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
