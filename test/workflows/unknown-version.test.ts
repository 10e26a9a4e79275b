import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKey } from '../../src/log/note-key.ts';
import { encode, type Value } from '../../src/objects/codec.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { currentPolicy, policyAfter } from '../../src/judging/policy.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import { putObject } from '../../src/objects/sink.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { decodeHead } from '../../src/store/heads.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';
import { codes, Desk } from '../cli/desk.ts';
import { writePlan } from '../cli/plans.ts';
import { commitForged, materialOf, rewriteHead } from './forge.ts';

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
    await append((to) => ({ type: 'packet', packet: to }), bytes);
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

  it('as the head: it is named, and nothing is done', async () => {
    const path = '.custody/heads/main';
    const body = encode({ ...decodeHead(desk.bytes(path), path).head, v: 4 });
    desk.write(path, Buffer.concat([sha256Bytes(body), body]));
    const { levels, findings } = await desk.json<VerifyReport>(['verify', 'HEAD'], 1);
    expect(Object.values(levels)).toEqual(Array(6).fill('skipped'));
    expect(codes(findings)).toEqual([
      ['LEVEL_SKIPPED', 'chain'],
      ['OBJECT_VERSION_UNKNOWN', 'heads/main'],
      ['LEVEL_SKIPPED', 'objects'],
    ]);
    const fsck = await desk.json<{ findings: VerifyReport['findings'] }>(['fsck'], 1);
    expect(codes(fsck.findings)).toEqual([['OBJECT_VERSION_UNKNOWN', 'heads/main']]);
    await desk.fails(['log'], 'OBJECT_VERSION_UNKNOWN', 1);
  });

  it('as the last checkpoint: signatures are not done, and nobody signs on top of it', async () => {
    let unknown = '';
    rewriteHead(desk, (head) => {
      const checkpoint = encode({ ...decodeKind('checkpoint', head.checkpoint!), v: 2 });
      unknown = `checkpoints/${digestOf(checkpoint)}`;
      return { ...head, checkpoint };
    });
    const { levels, findings } = await desk.json<VerifyReport>(['verify', 'HEAD'], 1);
    expect(levels).toMatchObject({ objects: 'done', chain: 'done', signatures: 'skipped' });
    expect(codes(findings)).toEqual([['OBJECT_VERSION_UNKNOWN', unknown]]);
    const { unsigned } = await desk.json<{ unsigned: string }>(['commit', await desk.packet()]);
    expect(unsigned).toBe('OBJECT_VERSION_UNKNOWN');
  });

  it('as a policy: from there on nobody knows who may judge', async () => {
    const made = await desk.json<{ packet: string }>(['rehearse', writePlan(desk)]);
    await append((policy) => ({ type: 'policy', policy }), encode({ kind: 'policy', v: 1 }));
    const { levels, findings } = await desk.json<VerifyReport>(['verify', made.packet], 1);
    expect(levels).toMatchObject({ objects: 'done', seal: 'done', chain: 'done', semantics: 'skipped' });
    expect(codes(findings)).toEqual([
      ['OBJECT_VERSION_UNKNOWN', 'records/2'],
      ['LEVEL_SKIPPED', 'semantics'],
    ]);
    expect((await desk.json<VerifyReport>(['verify', '@1'])).ok).toBe(true);
    await desk.fails(['rehearse', 'plan.yaml'], 'OBJECT_VERSION_UNKNOWN', 1);
  });

  it('as a rerun: it counts nothing, and is named where reruns are asked for', async () => {
    await desk.json(['rehearse', writePlan(desk)]);
    await append((rerun) => ({ type: 'rerun', rerun }), encode({ kind: 'rerun', v: 1000 }));
    const { vkey } = generateKey('somebody.example', new Uint8Array(32));
    const asked = await desk.json<VerifyReport>(['verify', '@1', '--rerunner', vkey], 1);
    expect(codes(asked.findings)).toEqual([['LEVEL_SKIPPED', 'reexecuted']]);
    expect(codes(asked.notes)).toEqual([['OBJECT_VERSION_UNKNOWN', 'records/2']]);
    expect(await desk.json<VerifyReport>(['verify', '@1'])).toMatchObject({ ok: true, notes: [] });
  });

  it('as a pinned validator: nothing is said of the verdicts', async () => {
    const made = await desk.json<{ rehearsal: string; verdict: string }>(['rehearse', writePlan(desk)]);
    await using ledger = await desk.ledger();
    const current = await currentPolicy(ledger);
    const bytes = encode({ kind: 'validator', v: 1 });
    {
      await using session = await ledger.session();
      session.writer.put('dag-cbor', digestOf(bytes), bytes);
      const validators = [...current.policy.validators, nodeLink(digestOf(bytes))];
      const policy = putObject(session.writer, policyAfter(current, { validators }));
      await session.append({ type: 'policy', policy, author: 'x', lane: 'x', message: '' });
    }
    await commitForged(ledger, await materialOf(ledger, made));
    const { levels, findings } = await desk.json<VerifyReport>(['verify', 'HEAD'], 1);
    expect(levels).toMatchObject({ objects: 'done', seal: 'done', chain: 'done', semantics: 'skipped' });
    expect(codes(findings)).toEqual([
      ['LEVEL_SKIPPED', 'semantics'],
      ['OBJECT_VERSION_UNKNOWN', 'semantics'],
    ]);
  });

  async function append(
    typed: (
      link: Link,
    ) => { type: 'packet'; packet: Link } | { type: 'policy'; policy: Link } | { type: 'rerun'; rerun: Link },
    bytes: Uint8Array,
  ): Promise<void> {
    const link = nodeLink(digestOf(bytes));
    await using ledger = await desk.ledger();
    await using session = await ledger.session();
    session.writer.put('dag-cbor', link.digest, bytes);
    await session.append({ ...typed(link), author: 'x', lane: 'x', message: '' });
  }
});
