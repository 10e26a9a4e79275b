import { isCustodyError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isThere } from '../system/is-there.ts';
import type { Operand } from '../workflows/operand.ts';
import type { Context } from './context.ts';

/** Two paths need no ledger, so a missing one is no fault here. */
export async function ledgerFor(context: Context): Promise<Ledger | undefined> {
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

/** What a word names: a path where there is one, else a revision of the ledger. */
export async function operandOf(
  text: string,
  ledger: Ledger | undefined,
  scratch: AsyncDisposableStack,
  context: Context,
): Promise<Operand> {
  const { resolveOperand } = await import('../workflows/operand.ts');
  const path = context.path(text);
  return await resolveOperand(isThere(path) ? path : text, ledger, scratch, { signal: context.signal });
}
