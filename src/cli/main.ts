import { CustodyError, isCustodyError } from '../errors.ts';
import type { Io } from './io.ts';
import { plainCat } from './plain.ts';
import { reportError } from './report-error.ts';
import { VERSION } from '../system/own-package.ts';

/**
 * The command line: parses, calls, prints, and answers with a public exit code. Never throws and never exits.
 * @param argv without node and the script.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    requireNode(process.versions.node);
    // The one answer that needs no parser.
    if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
      io.stdout.write(`${VERSION}\n`);
      return 0;
    }
    const cat = plainCat(argv);
    if (cat) {
      const [{ command }, { Context }] = await Promise.all([
        import('./commands/cat.ts'),
        import('./context.ts'),
      ]);
      return await command.run({ ...cat, 'limit-size': undefined }, new Context(io, cat, run));
    }
    const { parseAndRun } = await import('./parse.ts');
    return await parseAndRun(argv, io, run);
  } catch (error) {
    return reportError(io.signal.aborted ? interrupted(error) : error, io, wantsJson(argv));
  }
}

/** What fails after a signal fails because of it: the terminal sends Ctrl-C to child processes, too. */
function interrupted(cause: unknown): CustodyError {
  if (isCustodyError(cause, 'INTERRUPTED')) return cause;
  return new CustodyError('INTERRUPTED', 'interrupted', {
    cause,
    hint: 'Nothing was recorded. Run the command again.',
  });
}

/** Asked before parsing, so that faults of usage are JSON, too. What follows `--` is no option. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).some((word) => word === '--json' || word === '--json=true');
}

const OLDEST_NODE = 24;

/** An older Node.js would fail somewhere inside, with a message that helps nobody. @throws NODE_TOO_OLD */
export function requireNode(version: string): void {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return;
  throw new CustodyError(
    'NODE_TOO_OLD',
    `custody needs Node.js ${OLDEST_NODE} or newer; this is ${version}`,
    {
      hint: 'Install a newer Node.js; in the repository of custody, npx and npm run bring their own.',
    },
  );
}
