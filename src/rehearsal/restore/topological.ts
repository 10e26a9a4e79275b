/**
 * Steps in the given order, except that whatever a step needs comes before it (depth-first, without recursion: chains of
 * rows can be long). `circle` holds the steps that wait for one another; they stand in the order in which they were met.
 */
export function sortByNeed<S>(
  steps: readonly S[],
  before: ReadonlyMap<S, readonly S[]>,
): { readonly order: S[]; readonly circle: ReadonlySet<S> } {
  const order: S[] = [];
  const circle = new Set<S>();
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
        for (let i = path.length - 1; ; i--) {
          const { step } = path[i]!;
          circle.add(step);
          if (step === needed) break;
        }
      }
    }
  }
  return { order, circle };
}
