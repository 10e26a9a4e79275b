import type { CustodyError } from '../../../errors.ts';
import type { Boundary } from '../../engine.ts';
import { boundaryRefusals } from './boundary.ts';
import type { PostgresConnection } from '../connection.ts';
import { translated } from '../failure.ts';
import { resolveBoundary, type Resolved } from './grants.ts';
import { inOrder } from './refusal.ts';
import { parseScript, type NumberedStatement } from './script.ts';

export interface Checked {
  readonly steps: readonly NumberedStatement[];
  readonly resolved: Resolved;
  /** Empty: the script may be run. */
  readonly refusals: readonly CustodyError[];
}

/** Reads a script as it would be run on this clone; nothing of it runs, and no right is given. */
export async function checkScript(
  admin: PostgresConnection,
  script: Uint8Array,
  boundary: Boundary,
): Promise<Checked> {
  const { steps, refusals } = await parseScript(script);
  const resolved = await translated('boundary', () => resolveBoundary(admin, boundary));
  const all = inOrder([...resolved.refusals, ...refusals, ...boundaryRefusals(steps, resolved.nameable)]);
  return { steps, resolved, refusals: all.map(({ error }) => error) };
}
