import { Ledger } from '../../../src/ledger/ledger.ts';
import { commitText } from '../commit-text.ts';

/** argv: folder, folder of keys, lane, how many commits. Opens the ledger once, as a long-lived lane does. */
const [dir, keys, lane, times] = process.argv.slice(2);
await using ledger = await Ledger.open(dir!, { keys: keys! });
for (let i = 0; i < Number(times); i++) {
  const { index } = await commitText(ledger, `${lane!} ${i}`, { lane: lane! });
  process.stdout.write(`${index}\n`);
}
