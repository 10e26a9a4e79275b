import { CustodyError } from '../../errors.ts';
import { decodeKind, ENTRY_TYPES } from '../../objects/kinds.ts';
import { acceptedIn } from '../../packets/find-packet.ts';
import { defineCommand } from '../command.ts';
import { printable, table, time } from '../text.ts';
import { value } from '../options.ts';

export const command = defineCommand({
  about: 'Lists the records of the log, newest first.',
  examples: [
    ['custody log -n 5', 'the last five'],
    ['custody log --lane lane-07 --json', 'what one lane did'],
  ],
  options: (y) =>
    y
      .option('max-count', { alias: 'n', type: 'number', requiresArg: true, describe: 'at most so many' })
      .option('lane', value('only this lane'))
      .option('type', {
        type: 'string',
        requiresArg: true,
        choices: ENTRY_TYPES,
        describe: 'only entries of this type',
      }),
  async run(args, context) {
    const limit = args['max-count'] ?? Infinity;
    if (!(limit >= 0) || (limit % 1 !== 0 && limit !== Infinity))
      throw new CustodyError('USAGE', '--max-count takes a whole number', { hint: 'Give a number from 0.' });
    await using ledger = await context.openLedger();
    const head = await ledger.head();
    const rows: {
      record: number;
      recordId: string;
      entry: string;
      type: string;
      lane: string;
      author: string;
      message: string;
      time: string;
      accepted: boolean | null;
    }[] = [];
    if (limit > 0) {
      for await (const { index, id, record } of ledger.records(head, head.size - 1, 0, {
        signal: context.signal,
      })) {
        const entry = decodeKind('entry', await ledger.get(record.entry.digest), record.entry.digest);
        if (
          (args.lane !== undefined && entry.lane !== args.lane) ||
          (args.type !== undefined && entry.type !== args.type)
        )
          continue;
        const { type, lane, author, message } = entry;
        rows.push({
          record: index,
          recordId: id,
          entry: record.entry.digest,
          type,
          lane,
          author,
          message,
          time: time(record.time),
          accepted: await acceptedIn(ledger.get, entry),
        });
        if (rows.length >= limit) break;
      }
    }
    context.print(rows, () =>
      table(
        rows.map((r) => [
          `@${r.record}`,
          r.recordId.slice(0, 12),
          r.time,
          r.accepted === null ? r.type : `${r.type} ${r.accepted ? 'accepted' : 'REJECTED'}`,
          printable(r.lane),
          printable(r.message),
        ]),
      )
        .map((line) => `${line}\n`)
        .join(''),
    );
    return 0;
  },
});
