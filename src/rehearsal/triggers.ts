import { finding, type Finding } from '../finding.ts';
import type { Delta, TableDelta } from '../objects/snapshots/delta.ts';
import { TRIGGER_CODES, type ObjectOf, type Trigger } from '../objects/kinds.ts';
import { compareNames } from '../objects/names.ts';

/** Thrown inside a leg when a trigger fires; nobody outside of the leg sees it. */
export class Fired extends Error {
  readonly trigger: Trigger;
  readonly path: string;

  constructor(trigger: Trigger, path: string, detail: string) {
    super(detail);
    this.trigger = trigger;
    this.path = path;
  }

  get finding(): Finding {
    return finding(TRIGGER_CODES[this.trigger], this.path, this.message);
  }
}

type Answer = ObjectOf<'rehearsal'>['preflight'][number];

/** The gates that are not met, as one trigger. */
export function firedByGates(answers: readonly Answer[]): Fired | undefined {
  const failed = answers.filter(({ ok }) => !ok);
  if (failed.length === 0) return undefined;
  const list = failed.map(({ name, expect, actual }) => `${name} (expected ${expect}, found ${actual})`);
  return new Fired('preflight-failed', 'preflight', list.join('; '));
}

/** What the change did, where that is not what the plan expects. */
export function firedByDelta(expected: readonly TableDelta[], { tables, others }: Delta): Fired | undefined {
  const names = new Set([...expected, ...tables].map(({ table }) => table));
  const differs = [...names].sort(compareNames).flatMap((table) => {
    const [wanted, found] = [expected, tables].map((list) => describe(list.find((c) => c.table === table)));
    return wanted === found ? [] : [`${table}: expected ${wanted}, found ${found}`];
  });
  const more = others
    .filter(({ part }) => part !== 'sequence')
    .map(({ part, name, change }) => `${part} ${name} ${change}`);
  const all = [...differs, ...more];
  return all.length === 0 ? undefined : new Fired('delta-differs', 'delta', all.join('; '));
}

function describe(counts: TableDelta | undefined): string {
  return counts ? `+${counts.inserted} ~${counts.updated} -${counts.deleted}` : 'no change';
}
