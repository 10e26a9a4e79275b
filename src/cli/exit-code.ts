import { categoryOf, type CustodyError, type ErrorCategory } from '../errors.ts';

/** What the command answers with (spec/CLI.md, "Exit codes"); nothing outside cli/ knows it. */
const EXIT_CODE: Readonly<Record<ErrorCategory, number>> = {
  evidence: 1,
  usage: 2,
  refused: 3,
  environment: 4,
  bug: 70,
};

/** What a command's exit code says of what it was asked: what the environment does, and a bug, is no refusal. */
export function endedWith(exit: number): 'allowed' | 'refused' | 'failed' {
  if (exit === 0) return 'allowed';
  const { evidence, usage, refused } = EXIT_CODE;
  return [evidence, usage, refused].includes(exit) ? 'refused' : 'failed';
}

export function exitCodeOf(error: Pick<CustodyError, 'code'>): number {
  return EXIT_CODE[categoryOf(error)];
}
