import { finding, type Finding } from '../../finding.ts';
import { compareNames } from '../../objects/names.ts';
import type { Evidence } from '../evidence.ts';

/** Empty equals empty proves nothing: rows must have changed. What a trigger stopped before it applied is named for that. */
export function realChange({ rehearsal, delta }: Evidence): Finding[] {
  return rehearsal.legs
    .filter(({ after, trigger }) => (after === null ? trigger === null : delta(after).tables.length === 0))
    .map(({ leg }) =>
      finding('NO_REAL_CHANGE', `legs/${leg}/after`, 'no row changed, so nothing was proven'),
    );
}

/** The recomputed delta is the plan's, table by table, and so is the one that the evidence claims. */
export function deltaAsExpected({ rehearsal, plan, delta }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const wanted = new Map(plan.delta.map((counts) => [counts.table, describe(counts)]));
  const compare = (path: string, got: readonly Counts[]): void => {
    const found = new Map(got.map((counts) => [counts.table, describe(counts)]));
    for (const table of [...new Set([...wanted.keys(), ...found.keys()])].sort(compareNames)) {
      const [due, is] = [wanted.get(table) ?? NOTHING, found.get(table) ?? NOTHING];
      if (due !== is)
        findings.push(finding('DELTA_UNEXPECTED', `${path}/${table}`, `expected ${due}, found ${is}`));
    }
    if (got.some(({ table }, i) => i > 0 && compareNames(got[i - 1]!.table, table) >= 0))
      findings.push(finding('DELTA_UNEXPECTED', path, 'tables out of order, or one twice'));
  };
  compare('delta', rehearsal.delta);
  for (const { leg, after } of rehearsal.legs) if (after) compare(`legs/${leg}/delta`, delta(after).tables);
  return findings;
}

type Counts = Evidence['rehearsal']['delta'][number];

const NOTHING = 'no change';

function describe({ inserted, updated, deleted }: Counts): string {
  return `${inserted} inserted, ${updated} updated, ${deleted} deleted`;
}
