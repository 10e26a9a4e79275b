import { Ledger } from '../../src/ledger/ledger.ts';
import { commitFolder } from '../../src/workflows/commit.ts';
import { join } from 'node:path';
import { sealedFolder } from './ledger-files.ts';

/** argv: ledger folder, scratch folder, lane, how many packets. Prints the index and entry of each record. */
const [dir, scratch, lane, times] = process.argv.slice(2) as [string, string, string, string];
for (let i = 0; i < Number(times); i++) {
  const packet = await sealedFolder(join(scratch, `${lane}-${i}`), {
    'evidence.txt': `lane ${lane}, packet ${i}\n`,
  });
  await using ledger = await Ledger.open(dir);
  const { index, entry } = await commitFolder(ledger, packet, {
    author: 'lane',
    lane,
    message: `packet ${i} of lane ${lane}`,
    lockTimeout: 120_000,
  });
  process.stdout.write(`${index} ${entry}\n`);
}
