import { OBSERVED_CODES, finding, type Finding } from '../../finding.ts';
import type { Evidence } from '../evidence.ts';

/** What the runner itself saw going wrong is never overlooked; a code that it cannot give is malformed evidence. */
export function nothingObserved({ rehearsal }: Evidence): Finding[] {
  return rehearsal.observed.map(({ code, path, detail }) => {
    const known = OBSERVED_CODES.find((one) => one === code);
    return known
      ? finding(known, path, detail)
      : finding('EVIDENCE_MALFORMED', `observed/${path}`, `the runner cannot have observed ${code}`);
  });
}
