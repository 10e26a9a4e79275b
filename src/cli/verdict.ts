/**
 * The word that an answer begins with, and what the command exits with where nothing else was found. The table of
 * spec/CLI.md, "Verdicts", is printed from it.
 */
export const VERDICT_EXIT = {
  ACCEPTED: 0,
  REJECTED: 1,
  REFUSED: 3,
  SAME: 0,
  DIFFERENT: 1,
  ok: 0,
  'ok, but self-consistent only': 0,
  'NOT OK': 1,
  DAMAGED: 1,
  FAILED: 1,
} as const satisfies Record<string, number>;

export type Verdict = keyof typeof VERDICT_EXIT;
