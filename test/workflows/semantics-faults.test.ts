import { afterEach, describe, expect, it, vi } from 'vitest';
import { CustodyError, type ErrorCode } from '../../src/errors.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { ForgeDesk } from './forge-desk.ts';

let thrown: ErrorCode | undefined;
vi.mock(import('../../src/judging/validator-process.ts'), async (load) => {
  const real = await load();
  const runValidator: typeof real.runValidator = (...given) =>
    thrown ? Promise.reject(new CustodyError(thrown, 'planted')) : real.runValidator(...given);
  return { ...real, runValidator };
});

/** An auditor must not read "the evidence is wrong" where this machine is. */
describe('what goes wrong while a validator judges again', () => {
  const at = new ForgeDesk();
  afterEach(() => {
    thrown = undefined;
  });

  it.each<ErrorCode>([
    'PATH_NOT_FOUND',
    'PERMISSION_DENIED',
    'IO_FAILED',
    'USAGE',
    'VALIDATOR_UNCONFINED',
    'INTERRUPTED',
    'INTERNAL',
  ])('%s is not the evidence’s fault', async (code) => {
    const index = await at.commit(at.good);
    thrown = code;
    await expect(verifyRevision(at.ledger, `@${index}`)).rejects.toMatchObject({ code });
  });

  it.each<ErrorCode>(['VALIDATOR_FAILED', 'OBJECT_CORRUPT', 'PLAN_SYNTAX', 'PROFILE_INVALID'])(
    '%s is',
    async (code) => {
      const index = await at.commit(at.good);
      thrown = code;
      expect(await at.verify(index)).toEqual([['VERDICT_DIFFERS', 'verdict']]);
    },
  );

  it('damage of the store is what it is', async () => {
    const index = await at.commit(at.good);
    thrown = 'PACK_CORRUPT';
    expect(await at.verify(index)).toEqual([['PACK_DAMAGED', 'verdict']]);
  });
});
