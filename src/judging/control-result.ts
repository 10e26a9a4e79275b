import { finding, type Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import type { Judged } from './validator-process.ts';

/** What came of trying a validator on controls. */
export interface ControlResult {
  readonly ok: boolean;
  /** Which vectors they are: the digest of their list (spec/REHEARSAL.md, "Selftests"). */
  readonly set: Digest;
  readonly vectors: number;
  /** Names of the controls that were not judged as they must be. */
  readonly failed: readonly string[];
  /** The same, at `controls/NAME`: what it must say of each, and what it said. */
  readonly findings: readonly Finding[];
  readonly sandbox: string;
}

/** So many of a validator's own findings are quoted, each up to so many characters. */
const QUOTED = 3;
const LONGEST = 200;

/** What is wrong with an answer to a control; none where it is the one that it must be. */
export function misjudged(
  name: string,
  accept: boolean,
  { accepted, findings }: Pick<Judged, 'accepted' | 'findings'>,
): Finding[] {
  if (accepted === accept) return [];
  const path = `controls/${name}`;
  if (!accept) return [finding('VALIDATOR_LENIENT', path, 'it must reject this; it accepted it')];
  return [finding('VALIDATOR_STRICT', path, `it must accept this; it rejected it: ${quoted(findings)}`)];
}

export function failedNames(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ path }) => path.slice('controls/'.length)))];
}

function quoted(findings: readonly Finding[]): string {
  const words = findings.slice(0, QUOTED).map(({ code, path, detail }) => {
    // A code that is none of ours stands in the detail.
    const said = code === 'VALIDATOR_REJECTED' ? `${path}: ${detail}` : `${code} ${path}: ${detail}`;
    return said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
  });
  const more = findings.length - words.length;
  return more > 0 ? `${words.join('; ')}; and ${more} more` : words.join('; ');
}
