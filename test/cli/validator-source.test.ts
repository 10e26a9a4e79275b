import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listReleases } from '../../src/judging/releases.ts';
import { builtInValidator } from '../../src/judging/policy.ts';
import type { ValidatorList } from '../../src/judging/validators.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { Desk } from './desk.ts';

describe('custody validator', () => {
  let desk: Desk;
  let ours: Uint8Array;
  beforeEach(async () => {
    desk = new Desk();
    ours = await builtInValidator();
  });
  afterEach(() => desk[Symbol.dispose]());

  it('source prints the file of this version, without a ledger', async () => {
    const printed = await desk.json<{ sha256: string; text: string }>(['validator', 'source']);
    expect(printed.sha256).toBe(digestOf(ours));
    expect(Buffer.from(printed.text).equals(ours)).toBe(true);
  });

  it('source ID prints one that the ledger holds, and nothing that is none', async () => {
    const { policy } = await desk.init();
    const { validators } = await desk.json<ValidatorList>(['validator', 'list']);
    const [{ validator, sha256 }] = validators as [ValidatorList['validators'][number]];
    expect(await desk.json(['validator', 'source', validator])).toMatchObject({ sha256, size: ours.length });
    await desk.fails(['validator', 'source', policy], 'OBJECT_KIND_UNEXPECTED', 1);
  });

  it('releases names the one that this version brings', async () => {
    const { releases } = await desk.json<{ releases: { sha256: string }[] }>(['validator', 'releases']);
    expect(releases).toEqual(await listReleases());
    expect(releases.at(-1)).toEqual({ sha256: digestOf(ours), name: 'custody', version: 'unreleased' });
    await desk.fails(['validator', 'releases', 'x'], 'USAGE', 2);
  });
});
