import { copyFileSync, writeFileSync } from 'node:fs';
import { currentPolicy, pinnedValidators } from '../src/judging/policy.ts';
import { judgeAll } from '../src/judging/judge.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { closure } from '../src/objects/closure.ts';
import { parseDigest } from '../src/objects/digest.ts';
import { nodeLink } from '../src/objects/link.ts';
import { driveAsync } from '../src/objects/walk.ts';
import { bigDatabase } from './big-database.ts';
import { CUSTODY, Scratch, setting, type Row } from './measure.ts';

/** Of the database. */
const MEGABYTES = setting('BENCH_JUDGE_MB', 100, 10);
/** Bytes that a row of {@link bigDatabase} takes in the file, about. */
const ROW = 90;
const CHANGED = 100;

/** What a judge is given and how long it takes, with both planted faults, where a few rows of a large table change. */
export async function run(): Promise<Row[]> {
  const rows = Math.round((MEGABYTES * 1_000_000) / ROW);
  await using scratch = await Scratch.make();
  copyFileSync(bigDatabase(rows), scratch.file('app.sqlite'));
  const every = `id % ${Math.ceil(rows / CHANGED)} = 0`;
  writeFileSync(scratch.file('change.sql'), `UPDATE items SET note = 'changed' WHERE ${every};\n`);
  writeFileSync(
    scratch.file('plan.yaml'),
    `custody: plan/2
name: bench
engine: sqlite
source: { file: app.sqlite, kind: fixture }
executor: { file: change.sql }
preflight: [{ name: enough, sql: SELECT count(*) FROM items, expect: '>= 100' }]
boundary: { tables: [items], allow: [{ action: update, table: items, reason: it is measured }] }
delta: { items: { updated: ${Math.floor(rows / Math.ceil(rows / CHANGED))} } }
timeLimit: 3600
`,
  );
  scratch.run([...CUSTODY, 'init', '.']);
  const rehearsed = scratch.run([...CUSTODY, 'rehearse', 'plan.yaml', '--json']);
  const { rehearsal } = JSON.parse(rehearsed) as { rehearsal: string };
  await using ledger = await Ledger.open(scratch.path);
  const subject = nodeLink(parseDigest(rehearsal));
  let all = 0;
  for await (const { bytes } of driveAsync(closure([subject]), ledger.get)) all += bytes.length;
  let given = 0;
  let questions = 0;
  const pinned = await pinnedValidators(ledger, await currentPolicy(ledger));
  const from = performance.now();
  const [judged] = await judgeAll(pinned, subject, async (id) => {
    const bytes = await ledger.get(id);
    given += bytes.length;
    questions++;
    return bytes;
  });
  const took = performance.now() - from;
  if (!judged?.accepted) throw new Error('the rehearsal is not accepted');
  const what = `${CHANGED} rows of ${MEGABYTES} MB`;
  return [
    { what: `judging ${what}`, ours: took, note: `${questions} questions` },
    {
      what: `bytes given to the judge, ${what}`,
      ours: Math.round(given / 1_000),
      against: 'all evidence, three times',
      theirs: Math.round((3 * all) / 1_000),
      unit: 'kB',
    },
  ];
}
