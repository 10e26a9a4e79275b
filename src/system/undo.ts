/**
 * Undoes what a failure left half done; the failure stays what is told first, as where `await using` clears up.
 * @returns what to throw: the failure, or, where the undoing fails too, a SuppressedError that holds both.
 */
export async function undo(failure: unknown, work: () => unknown): Promise<unknown> {
  try {
    await work();
    return failure;
  } catch (met) {
    return new SuppressedError(met, failure);
  }
}

/** {@link undo} for work that is done at once. */
export function undoNow(failure: unknown, work: () => void): unknown {
  try {
    work();
    return failure;
  } catch (met) {
    return new SuppressedError(met, failure);
  }
}
