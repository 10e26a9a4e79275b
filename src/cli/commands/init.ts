import { randomBytes } from 'node:crypto';
import { CustodyError } from '../../errors.ts';
import { ASSERTIONS } from '../../rules/assertions.ts';
import { defineCommand } from '../command.ts';
import { printable } from '../text.ts';
import { value, values } from '../options.ts';

export const command = defineCommand({
  about:
    'Makes a ledger in FOLDER/.custody (default: here): its first policy, which pins the validator that this version\nbrings, and a signing key for its log, which is kept outside the ledger in your configuration folder.',
  examples: [
    ['custody init', 'a ledger in the current folder'],
    ['custody init evidence --origin example.com/team', 'a ledger with a name of its own'],
    ['custody init --require-isolation network-isolated', 'rehearsals must prove that they had no network'],
  ],
  options: (y) =>
    y
      .positional('folder', { type: 'string', default: '.', describe: 'where the ledger is made' })
      .option('origin', value("the log's name in its checkpoints (default: custody.local/<random>)"))
      .option(
        'require-isolation',
        values('an assertion that every rehearsal must prove, such as network-isolated'),
      ),
  async run(args, context) {
    const { Ledger } = await import('../../ledger/ledger.ts');
    const { firstPolicy } = await import('../../judging/policy.ts');
    const isolation = args['require-isolation'].map(checkAssertion);
    const origin = args.origin ?? `custody.local/${randomBytes(8).toString('hex')}`;
    const folder = context.path(
      args.folder === '.' && context.args.ledger !== undefined ? context.args.ledger : args.folder,
    );
    const made = await Ledger.init(folder, {
      origin,
      author: context.author,
      keys: await context.keys(),
      fill: (sink) => firstPolicy(sink, isolation),
    });
    await using ledger = made.ledger;
    const { policy } = made;
    const { verifierKey } = ledger.config;
    context.print({ ledger: ledger.folder, origin, verifierKey, policy }, () =>
      [
        `made ledger ${printable(ledger.folder)}`,
        `  origin        ${printable(origin)}`,
        `  verifier key  ${verifierKey}`,
        `  first policy  ${policy}`,
        'Give the key and the policy to your auditors: they need both to trust this ledger.',
        '',
      ].join('\n'),
    );
    return 0;
  },
});

/** One that no engine makes would never be proven, and every rehearsal refused. */
function checkAssertion(name: string): string {
  const known = new Set(Object.values(ASSERTIONS).flatMap((list) => list.map(([assertion]) => assertion)));
  if (known.has(name)) return name;
  throw new CustodyError('USAGE', `no engine asserts ${JSON.stringify(name)}`, {
    hint: `Give one of ${[...known].sort().join(', ')} (spec/REHEARSAL.md, "Isolation").`,
  });
}
