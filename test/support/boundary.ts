import type { Boundary } from '../../src/engines/engine.ts';

/** A boundary that allows nothing but what is named. */
export function boundary(allowed: Partial<Boundary>): Boundary {
  return { insert: [], update: [], delete: [], counters: false, ...allowed };
}
