import type { Finding } from '../finding.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { jsonFile } from '../objects/json.ts';
import { runForeign } from './foreign-process.ts';
import type { SandboxOptions } from './sandbox.ts';
import { failedNames, misjudged, type ControlResult } from './control-result.ts';

interface Entry {
  readonly leg: string;
  readonly before_hash: Digest;
  readonly after_apply_hash: Digest | null;
  readonly after_rollback_hash: Digest | null;
  readonly restored_match: boolean;
}

const id = (text: string): Digest => digestOf(new Uint8Array(Buffer.from(text)));
const [REHEARSAL, BEFORE, AFTER, OTHER] = ['a rehearsal', 'before', 'after', 'other'].map(id) as [
  Digest,
  Digest,
  Digest,
  Digest,
];
const GOOD: Entry = {
  leg: 'T',
  before_hash: BEFORE,
  after_apply_hash: AFTER,
  after_rollback_hash: BEFORE,
  restored_match: true,
};
const good = (leg: string): Entry => ({ ...GOOD, leg });

/** Evidence of which any validator must accept the first and reject the others, one fault each. */
export const FOREIGN_CONTROLS: readonly { readonly name: string; readonly entries: readonly Entry[] }[] = [
  { name: 'control', entries: [good('T'), good('R')] },
  { name: 'no-mutation', entries: ['T', 'R'].map((leg) => ({ ...good(leg), after_apply_hash: BEFORE })) },
  { name: 'no-mutation-in-one-leg', entries: [good('T'), { ...good('R'), after_apply_hash: BEFORE }] },
  {
    name: 'not-restored',
    entries: [good('T'), { ...good('R'), after_rollback_hash: OTHER, restored_match: false }],
  },
  { name: 'restored-by-claim-only', entries: [{ ...good('T'), after_rollback_hash: AFTER }, good('R')] },
];

/** Tries a foreign validator on planted controls. @throws CustodyError as {@link runForeign}. */
export async function tryControls(code: Uint8Array, options: SandboxOptions = {}): Promise<ControlResult> {
  const findings: Finding[] = [];
  let sandbox = '';
  for (const [i, { name, entries }] of FOREIGN_CONTROLS.entries()) {
    const judged = await runForeign(code, REHEARSAL, jsonFile({ rehearsal: REHEARSAL, entries }), options);
    findings.push(...misjudged(name, i === 0, judged));
    ({ sandbox } = judged);
  }
  const failed = failedNames(findings);
  return { ok: failed.length === 0, vectors: FOREIGN_CONTROLS.length, failed, findings, sandbox };
}
