import { isCustodyError } from '../errors.ts';
import type { Context } from './context.ts';

/** Two paths need no ledger, so a missing one is no fault here. */
export async function ledgerFor(
  context: Context,
): Promise<Awaited<ReturnType<Context['openLedger']>> | undefined> {
  try {
    return await context.openLedger();
  } catch (error) {
    if (context.args.ledger !== undefined) throw error;
    if (isCustodyError(error, 'LEDGER_NOT_FOUND')) return undefined;
    // One above that this user may not look into is somebody else's.
    if (!isCustodyError(error, 'PERMISSION_DENIED')) throw error;
    context.warn(`No ledger is used: ${error.message}`);
    return undefined;
  }
}
