import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CustodyError } from '../../../src/errors.ts';
import { signerKey } from '../../../src/ledger/signer-key.ts';
import { parseDigest } from '../../../src/objects/digest.ts';
import { decodeKind } from '../../../src/objects/kinds.ts';
import { SabotagedEngine, type Saboteur } from '../../sabotage/harness.ts';
import { Made } from './made.ts';

let saboteur: Saboteur = {};
vi.mock(import('../../../src/engines/load.ts'), async (load) => ({
  ...(await load()),
  loadEngine: async () => new SabotagedEngine(saboteur),
}));

describe('a rerun whose COMMIT nobody acknowledges', () => {
  let made: Made;
  beforeAll(async () => {
    made = await Made.begin();
    await made.rehearse(made.plan('plan', { rollback: false }), 'packet');
    saboteur = {
      on: 'R',
      session: () => ({ commit: () => Promise.reject(new CustodyError('ENGINE_FAILED', 'gone')) }),
    };
  }, 300_000);
  afterAll(() => made[Symbol.asyncDispose]());

  it('keeps the clone in the quarantine of the ledger, and the run that is recorded names it', async () => {
    const { skey } = await signerKey('alice.example', made.keys);
    const again = await made.rerun('@1', { signer: { skey, author: 'alice', lane: 'audit' } });
    expect(again).toMatchObject({ same: false, quarantined: [{ leg: 'R' }] });
    const [{ path } = { path: '' }] = again.quarantined;
    expect(dirname(path)).toBe(join(made.ledger.folder, 'quarantine'));
    expect(existsSync(join(path, 'clone.db'))).toBe(true);
    const recorded = await made.ledger.store.get(parseDigest(again.rerun!));
    const { run } = decodeKind('rerun', recorded);
    const { isolation } = decodeKind('run', await made.ledger.store.get(run.digest));
    expect(isolation).toContainEqual(['quarantined-R', path]);
  });

  it('keeps it in a folder of its own where there is no ledger, and names it', async () => {
    const again = await made.rerun('packet', { validators: [made.validator] });
    const [{ path } = { path: '' }] = again.quarantined;
    expect(dirname(dirname(path))).toBe(tmpdir());
    expect(existsSync(join(path, 'clone.db'))).toBe(true);
    rmSync(dirname(path), { recursive: true });
  });
});
