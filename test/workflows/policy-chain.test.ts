import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob } from '../../src/objects/sink.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { currentPolicy } from '../../src/judging/policy.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { codes, Desk } from '../cli/desk.ts';
import { pin, putModule } from './forge.ts';

let desk: Desk;
let ledger: Ledger;

beforeEach(async () => {
  desk = new Desk();
  await desk.init();
  ledger = await desk.ledger();
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  desk[Symbol.dispose]();
});

it.each([
  ['the first policy again', (first: Link) => first],
  ['a blob as an object', (_: Link, blob: Link) => nodeLink(blob.digest)],
] as [string, (first: Link, blob: Link) => Link][])(
  'a policy entry that links %s changes nothing and is named',
  async (_, linked) => {
    const first = await currentPolicy(ledger);
    {
      await using session = await ledger.session();
      const blob = putBlob(session.writer, new Uint8Array([1]));
      const draft = { type: 'policy', author: 'x', lane: 'x', message: '' } as const;
      await session.append({ ...draft, policy: linked(nodeLink(first.id), blob) });
    }
    expect((await currentPolicy(ledger)).id).toBe(first.id);
    // The chain goes on behind it.
    const objects = new MemoryObjects();
    await pin(ledger, [putModule(objects, 'x', 'false')], objects);
    const next = await currentPolicy(ledger);
    expect(next.policy.previous?.digest).toBe(first.id);
    expect((await currentPolicy(ledger, { at: 1 })).id).toBe(first.id);
    expect(await currentPolicy(ledger, { since: first })).toEqual(next);
    const reads = vi.spyOn(ledger.store, 'get');
    expect(await currentPolicy(ledger, { since: next })).toEqual(next);
    expect(reads).not.toHaveBeenCalled();
    await desk.json(['validator', 'list']);
    const wrong = ['POLICY_MISMATCH', 'records/1'];
    expect(codes((await fsckLedger(ledger)).findings)).toContainEqual(wrong);
    const report = await verifyRevision(ledger, 'HEAD');
    expect(report.levels.chain).toBe('failed');
    expect(codes(report.findings)).toContainEqual(wrong);
  },
);
