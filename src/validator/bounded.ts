import type { Finding } from '../finding.ts';

/** A judgement says so much and no more, whatever the evidence holds: it must fit into one object. */
export const MAX_FINDINGS = 500;
/** UTF-16 units of a path, and of a detail. */
const MAX_PATH = 300;
const MAX_DETAIL = 300;

/**
 * The first findings, each cut to a length; the last of them says how many more there are.
 * @param findings sorted.
 */
export function bounded(findings: readonly Finding[]): Finding[] {
  const more = findings.length - MAX_FINDINGS;
  return findings.slice(0, MAX_FINDINGS).map(({ code, path, detail }, i) => ({
    code,
    path: cut(path, MAX_PATH),
    detail:
      cut(detail, MAX_DETAIL) + (more > 0 && i === MAX_FINDINGS - 1 ? ` (and ${more} more findings)` : ''),
  }));
}

/** Without half a character, and without what no text may hold. */
function cut(text: string, length: number): string {
  return (text.length > length ? `${text.slice(0, length)}…` : text).toWellFormed();
}
