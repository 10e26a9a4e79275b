const AT_ONCE = 2;

/**
 * Works on items two at a time, because most of the time is spent waiting for processes. With the first failure the work
 * beside it is told to end by its signal and waited for, so that no process is left behind; nothing further is begun.
 * @returns the results in the order of the items. @throws what failed first.
 */
export async function twoAtOnce<T, R>(
  items: readonly T[],
  work: (item: T, index: number, signal: AbortSignal) => Promise<R>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<R[]> {
  const failure = new AbortController();
  const either = AbortSignal.any([failure.signal, ...(signal ? [signal] : [])]);
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) {
      if (failure.signal.aborted) return;
      results[i] = await work(item, i, either);
    }
  };
  const stop = (error: unknown): void => failure.abort(error);
  await Promise.all(Array.from({ length: AT_ONCE }, () => worker().catch(stop)));
  failure.signal.throwIfAborted();
  return results;
}
