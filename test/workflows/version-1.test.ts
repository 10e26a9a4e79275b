import { cpSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeKind } from '../../src/objects/kinds.ts';
import { currentPolicy } from '../../src/judging/policy.ts';
import { codes, Desk } from '../cli/desk.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';

const FIXTURE = fileURLToPath(new URL('../vectors/ledgers/v1/custody', import.meta.url));

/** A ledger that custody 0.1.0 wrote: later versions read it, verify it and add to it. */
describe('a ledger of version 1', () => {
  let desk: Desk;
  let key: string;
  let policy: string;
  beforeEach(() => {
    desk = new Desk();
    cpSync(FIXTURE, desk.path('.custody'), { recursive: true });
    const config = readFileSync(desk.path('.custody/config.yaml'), 'utf8');
    key = /^verifierKey: "?([^"\n]+)"?$/m.exec(config)![1]!;
    policy = /^policy: "?([^"\n]+)"?$/m.exec(config)![1]!;
  });
  afterEach(() => desk[Symbol.dispose]());

  const verify = (exit = 0): Promise<VerifyReport> =>
    desk.json(['verify', '@2', '--policy', policy, '--key', key, '--require', 'signatures'], exit);

  it('its rehearsal is judged again by its own validator, and every level is done', async () => {
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report.levels).toEqual({
      seal: 'done',
      objects: 'done',
      chain: 'done',
      signatures: 'done',
      semantics: 'done',
      reexecuted: 'skipped',
    });
    expect(report).toMatchObject({ ok: true, validators: [{ trustedBy: 'first policy' }] });
  });

  it('it is listed, shown and checked', async () => {
    expect(await desk.json(['log'])).toMatchObject([
      { record: 2, type: 'rehearsal', accepted: true },
      { record: 1, type: 'snapshot' },
      { record: 0, type: 'policy' },
    ]);
    for (const revision of ['@0', '@1', '@2']) await desk.json(['show', revision]);
    expect(await desk.json(['show', policy])).toMatchObject({ kind: 'policy', v: 1 });
    expect(await desk.json(['fsck'])).toMatchObject({ ok: true, findings: [] });
    expect(await desk.json(['validator', 'list'])).toMatchObject({
      validators: [{ name: 'custody', builtIn: false }],
      expected: [],
      isolation: [],
      builtIn: { pinned: false },
    });
  });

  it('its next policy is of version 2, and what was judged before keeps the policy of its time', async () => {
    const pinned = await desk.json<{ policy: string; record: number }>(['validator', 'pin']);
    expect(pinned.record).toBe(3);
    await using ledger = await desk.ledger();
    const current = await currentPolicy(ledger);
    expect(current.id).toBe(pinned.policy);
    expect(current.policy.previous?.digest).toBe(policy);
    expect(current.policy).toMatchObject({ v: 2, expected: [], isolation: [] });
    expect(current.policy.validators).toHaveLength(1);
    expect(await verify()).toMatchObject({ ok: true });
    // Appended again it stands under the new policy, which asks for another validator.
    const record = await ledger.record(await ledger.head(), 2);
    const { links } = decodeKind('entry', await ledger.store.get(record.record.entry.digest));
    await using session = await ledger.session();
    const draft = { type: 'rehearsal', author: 'x', lane: 'x', message: '' } as const;
    await session.append({ ...draft, links });
    const again = await desk.json<VerifyReport>(['verify', '@4', '--policy', policy, '--key', key], 1);
    expect(codes(again.findings)).toEqual([
      ['VALIDATOR_MISMATCH', 'rehearsal/validators'],
      ['VALIDATOR_NOT_PINNED', 'verdict/validator'],
    ]);
  });
});
