import type { Finding } from '../finding.ts';
import type { Evidence } from './evidence.ts';

/** One rule of judgement: pure, named, with the codes that it can give. SPEC.md, "The validator", lists them. */
export interface Check {
  readonly name: string;
  run(evidence: Evidence): Finding[];
}
