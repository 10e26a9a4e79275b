import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { verifyChain } from '../../src/verify/chain.ts';
import { checkGenesis } from '../../src/verify/policy-chain.ts';
import { readCheckpoints } from '../../src/verify/signatures.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { commitText } from '../ledger/commit-text.ts';
import { LedgerPlace } from '../ledger/support.ts';
import { refuses } from '../support/refusals.ts';

const denied = new CustodyError('PERMISSION_DENIED', 'no right to read it');
const deny = (): never => {
  throw denied;
};

describe('what may not be read is no finding', () => {
  let place: LedgerPlace;
  let ledger: Ledger;
  beforeEach(async () => {
    place = new LedgerPlace();
    ledger = await place.init();
  });
  afterEach(async () => {
    await ledger[Symbol.asyncDispose]();
    place[Symbol.dispose]();
  });

  it('of a policy', async () => {
    const { policy } = ledger.config;
    const [first] = [...(await verifyChain(ledger, await ledger.head())).entries];
    const entries = [first!];
    await refuses(() => checkGenesis({ get: async () => deny() }, entries, policy), 'PERMISSION_DENIED');
  });

  it('of a checkpoint', async () => {
    const { origin, verifierKey } = ledger.config;
    const unread = Object.create(ledger, { get: { value: deny } }) as Ledger;
    // The head holds the last one: the one that it links is read.
    await commitText(ledger, 'x');
    const head = await ledger.head();
    await refuses(() => readCheckpoints(unread, head, { origin, verifierKey }), 'PERMISSION_DENIED');
  });

  it('of a head', async () => {
    const read = ledger.store.backend.readHead.bind(ledger.store.backend);
    // The scrub sees it; whoever looks next does not.
    vi.spyOn(ledger.store.backend, 'readHead').mockImplementationOnce(read).mockImplementation(deny);
    await refuses(() => fsckLedger(ledger), 'PERMISSION_DENIED');
  });
});
