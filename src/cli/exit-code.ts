import { categoryOf, type CustodyError, type ErrorCategory } from '../errors.ts';

/** What the command answers with (spec/CLI.md, "Exit codes"); nothing outside cli/ knows it. */
const EXIT_CODE: Readonly<Record<ErrorCategory, number>> = {
  evidence: 1,
  usage: 2,
  refused: 3,
  environment: 4,
  bug: 70,
};

export function exitCodeOf(error: Pick<CustodyError, 'code'>): number {
  return EXIT_CODE[categoryOf(error)];
}
