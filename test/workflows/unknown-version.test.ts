import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encode, type Value } from '../../src/objects/codec.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { nodeLink } from '../../src/objects/link.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';
import { codes, Desk } from '../cli/desk.ts';

describe('an object that this version does not know', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
  });
  afterEach(() => desk[Symbol.dispose]());

  it.each<[string, Value]>([
    ['of an older version', { kind: 'policy', v: 1, previous: null, validators: [] }],
    ['of a newer version', { kind: 'verdict', v: 99, more: 'fields' }],
    ['of another kind', { kind: 'omen', v: 1 }],
    ['of a kind to come', { kind: 'grant', v: 1 }],
  ])('%s is one finding, and its level is not done', async (_, value) => {
    const bytes = encode(value);
    const link = nodeLink(digestOf(bytes));
    await using ledger = await desk.ledger();
    await using session = await ledger.session();
    session.writer.put('dag-cbor', link.digest, bytes);
    const draft = { type: 'packet', author: 'x', lane: 'x', message: '' } as const;
    await session.append({ ...draft, packet: link });
    const { ok, levels, findings } = await desk.json<VerifyReport>(['verify', 'HEAD'], 1);
    expect({ ok, levels }).toMatchObject({ ok: false, levels: { objects: 'skipped', chain: 'done' } });
    expect(codes(findings)).toEqual([
      ['OBJECT_VERSION_UNKNOWN', link.digest],
      ['LEVEL_SKIPPED', 'objects'],
      ['LEVEL_SKIPPED', 'seal'],
    ]);
    const fsck = await desk.json<{ findings: VerifyReport['findings'] }>(['fsck'], 1);
    expect(codes(fsck.findings)).toEqual([['OBJECT_VERSION_UNKNOWN', link.digest]]);
  });
});
