import type { TestContext } from 'vitest';
import { ON_REQUEST } from '../../src/rules/assertions.ts';
import type { Desk } from '../cli/desk.ts';

interface Ids {
  readonly accepted: boolean;
  readonly rehearsal: string;
  readonly seal: string;
}

/** What `plan.yaml` gives, where the system grants the isolation that the pinned values say. */
export async function rehearsedIds(desk: Desk, skip: TestContext['skip']): Promise<Ids> {
  const { accepted, rehearsal, seal } = await desk.json<Ids>(['rehearse', 'plan.yaml']);
  const { isolation } = await desk.json<{ isolation: { assertion: string; holds: boolean }[] }>([
    'show',
    rehearsal,
  ]);
  const notClaimed = isolation.filter(({ holds }) => !holds).map(({ assertion }) => assertion);
  const refused = notClaimed.filter((assertion) => !ON_REQUEST.includes(assertion));
  skip(refused.length > 0, `needs a system that grants ${refused.join(', ')}`);
  return { accepted, rehearsal, seal };
}
