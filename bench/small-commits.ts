import { mkdirSync, writeFileSync } from 'node:fs';
import { Ledger } from '../src/ledger/ledger.ts';
import { sealFolder } from '../src/packets/seal/seal.ts';
import { commitFolder } from '../src/workflows/commit.ts';
import { firstPolicy } from '../src/judging/policy.ts';
import { median, Scratch, setting, type Row } from './measure.ts';

/** Does a ledger get slower as it grows? Small packets, one after the other, through the library. */
export async function run(): Promise<Row[]> {
  const count = setting('BENCH_COMMITS', 500, 60);
  const part = Math.max(1, Math.floor(count / 5));
  await using scratch = await Scratch.make();
  process.env['CUSTODY_CONFIG_DIR'] = scratch.file('config');
  const options = { author: 'bench', origin: 'bench.example/log', fill: firstPolicy };
  await using ledger = (await Ledger.init(scratch.file('ledger'), options)).ledger;
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const packet = scratch.file(`packet-${i}`);
    mkdirSync(packet);
    writeFileSync(`${packet}/evidence.json`, `{"packet": ${i}}\n`);
    await sealFolder(packet);
    const from = performance.now();
    await commitFolder(ledger, packet, { author: 'bench', lane: 'main', message: `packet ${i}` });
    times.push(performance.now() - from);
  }
  const first = median(times.slice(0, part));
  const last = median(times.slice(-part));
  return [
    { what: `small commits: last ${part} of ${count}`, ours: last, against: `first ${part}`, theirs: first },
  ];
}
