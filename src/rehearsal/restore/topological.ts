/**
 * Steps in the given order, except that whatever a step needs comes before it (depth-first, without recursion: chains of
 * rows can be long). Steps that wait for one another stand in the order in which they were met.
 * @param onLoop told of each such circle that was met: every step needs the next one, the last the first. Of what the
 * steps need, only that last one may be missing.
 */
export function sortByNeed<S>(
  steps: readonly S[],
  before: ReadonlyMap<S, readonly S[]>,
  onLoop: (loop: readonly S[]) => void = () => undefined,
): S[] {
  const order: S[] = [];
  const state = new Map<S, 'open' | 'done'>();
  const path: { readonly step: S; next: number }[] = [];
  for (const start of steps) {
    if (state.has(start)) continue;
    state.set(start, 'open');
    path.push({ step: start, next: 0 });
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const needed = before.get(top.step)?.[top.next++];
      if (needed === undefined) {
        state.set(top.step, 'done');
        order.push(top.step);
        path.pop();
      } else if (!state.has(needed)) {
        state.set(needed, 'open');
        path.push({ step: needed, next: 0 });
      } else if (state.get(needed) === 'open') {
        // Back to a step on the path: all from there on wait for one another.
        const from = path.findLastIndex(({ step }) => step === needed);
        onLoop(path.slice(from).map(({ step }) => step));
      }
    }
  }
  return order;
}
