import { defineCommand } from '../command.ts';
import { plural, printable, table } from '../text.ts';
import { checkMessage, writing, writingOptions } from '../writing.ts';
import { flag, word } from '../options.ts';

export const command = defineCommand({
  about:
    'Captures the state of a SQLite file or of a plain PostgreSQL dump (restored into a throw-away cluster) as Merkle tables,\nstores what is new and appends an entry. Equal tables have equal roots, whatever was done to reach them. With --dry-run\nnothing is stored and no ledger is needed.',
  examples: [
    ['custody snapshot app.sqlite', 'record a state'],
    ['custody snapshot dump.sql.gz --dry-run --json', 'only the digests'],
  ],
  options: (y) =>
    writingOptions(
      y
        .positional('database', word('a SQLite file or a plain PostgreSQL dump'))
        .option('dry-run', flag('store nothing')),
    ),
  async run(args, context) {
    const { snapshotDatabase } = await import('../../workflows/snapshot.ts');
    const path = context.path(args.database);
    await using ledger = args['dry-run'] ? undefined : await context.openLedger();
    const result = await snapshotDatabase(ledger, path, {
      ...writing(args, context),
      message: checkMessage(args.message ?? args.database),
      progress: context.progress,
    });
    context.progressDone();
    context.print(result, () =>
      [
        `snapshot ${result.snapshot}`,
        `  ${plural(Object.keys(result.tables).length, 'table')}, ${plural(result.rows, 'row')}, ${plural(result.newBytes, 'new byte')}${result.record === null ? '' : `, recorded as @${result.record}`}`,
        ...table(
          Object.entries(result.tables).map(([name, { rows, root }]) => [
            `  ${printable(name)}`,
            String(rows),
            root.slice(0, 16),
          ]),
        ),
        '',
      ].join('\n'),
    );
    context.warnUnsigned(result.unsigned);
    return 0;
  },
});
