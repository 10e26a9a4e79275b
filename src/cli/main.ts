import { CustodyError } from '../errors.ts';
import type { Io } from './io.ts';
import { reportError } from './report-error.ts';
import { version } from './version.ts';

/**
 * The command line: parses, calls, prints, and answers with a public exit code. Never throws and never exits.
 * @param argv without node and the script.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const json = argv.includes('--json');
  try {
    requireNode(process.versions.node);
    // The one answer that needs no parser.
    if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
      io.stdout.write(`${version()}\n`);
      return 0;
    }
    const { parseAndRun } = await import('./parse.ts');
    return await parseAndRun(argv, io);
  } catch (error) {
    if (io.signal.aborted && !(error instanceof CustodyError)) {
      return reportError(
        new CustodyError('INTERRUPTED', 'interrupted', { cause: error, hint: 'Run the command again.' }),
        io,
        json,
      );
    }
    return reportError(error, io, json);
  }
}

const OLDEST_NODE = 24;

/** An older Node.js would fail somewhere inside, with a message that helps nobody. @throws NODE_TOO_OLD */
export function requireNode(version: string): void {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return;
  throw new CustodyError('NODE_TOO_OLD', `custody needs Node.js ${OLDEST_NODE} or newer; this is ${version}`, {
    hint: 'Install a newer Node.js; in the repository of custody, npx and npm run bring their own.',
  });
}
