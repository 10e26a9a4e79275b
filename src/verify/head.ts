import { isLost } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Head } from '../ledger/log-state.ts';
import { unknownOr } from '../objects/object-fault.ts';

/** The head, or what is wrong with it: then no record can be found. @throws CustodyError for what may not be read. */
export async function readSoundHead(ledger: Ledger): Promise<{ head: Head } | { fault: Finding }> {
  try {
    if ((await ledger.store.backend.readHead('main')) !== null) return { head: await ledger.head() };
    return { fault: finding('HEAD_MISSING', 'heads/main', 'a ledger has at least its first record') };
  } catch (error) {
    if (!isLost(error)) throw error;
    return {
      fault: finding(unknownOr(error, 'HEAD_DAMAGED'), 'heads/main', `${error.code}: ${error.message}`),
    };
  }
}
