import { FINDING_CODES, finding, type Finding } from '../../finding.ts';
import type { Evidence } from '../evidence.ts';

const KNOWN = new Map<string, Finding['code']>(FINDING_CODES.map((code) => [code, code]));

/** What the runner itself saw going wrong is never overlooked; a code that nobody knows is malformed evidence. */
export function nothingObserved({ rehearsal }: Evidence): Finding[] {
  return rehearsal.observed.map(({ code, path, detail }) => {
    const known = KNOWN.get(code);
    return known
      ? finding(known, path, detail)
      : finding('EVIDENCE_MALFORMED', `observed/${path}`, `unknown code ${code}`);
  });
}
