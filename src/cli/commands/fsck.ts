import { defineCommand } from '../command.ts';
import { findingLines, noteLines, plural } from '../text.ts';
import { LIMIT, parseSize } from '../options.ts';
import { type Verdict, VERDICT_EXIT } from '../verdict.ts';

export const command = defineCommand({
  about:
    'Checks the whole ledger: hashes every stored byte, walks every record, looks for everything that records reach. It\ntrusts no index, goes on after damage and reports all of it. Exit 1 when anything was found.',
  examples: [['custody fsck', 'is everything there and undamaged?']],
  options: (y) => y.option('limit-size', LIMIT),
  async run(args, context) {
    const { fsckLedger } = await import('../../workflows/fsck.ts');
    await using ledger = await context.openLedger();
    const limitSize = parseSize(args['limit-size']);
    const { signal, progress } = context;
    const report = await fsckLedger(ledger, {
      signal,
      progress,
      ...(limitSize !== undefined && { limitSize }),
    });
    context.progressDone();
    const verdict: Verdict = report.ok ? 'ok' : 'DAMAGED';
    context.print(report, () =>
      [
        `${verdict}: ${report.ok ? 'every byte, record and link was checked' : plural(report.findings.length, 'finding')}`,
        `  ${plural(report.packs, 'pack')}, ${plural(report.objects, 'object')}, ${plural(report.bytes, 'byte')}, ${plural(report.records, 'record')}${report.signed === null ? '' : ` (${report.signed.covered} signed)`}`,
        ...(report.leftovers.length === 0
          ? []
          : [`  a killed writer's, which a later one removes: ${report.leftovers.join(', ')}`]),
        ...findingLines(report.findings),
        ...noteLines(report.notes),
        '',
      ].join('\n'),
    );
    return VERDICT_EXIT[verdict];
  },
});
