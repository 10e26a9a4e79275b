import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import { bigDatabase, changeThree } from './big-database.ts';
import { CUSTODY, installed, medians, Scratch, setting, SMALL, type Row } from './measure.ts';

const SCRIPT =
  "BEGIN;\nINSERT INTO items VALUES (900000000, 'rehearsed', 'draft', NULL, 0.5, 1, x'ff');\nCOMMIT;\n";

/** Snapshots, a diff and a rehearsal of SQLite: whole processes, everything stored and synced, against `.sha3sum` of the sqlite3 shell. */
export async function run(): Promise<Row[]> {
  if (!installed('sqlite3'))
    return [{ what: 'SQLite: the sqlite3 shell is not installed', ours: Number.NaN }];
  const rows = setting('BENCH_ROWS', 1_000_000, 50_000);
  const rounds = setting('BENCH_ROUNDS', 3, 1);
  await using scratch = await Scratch.make();
  const first = scratch.file('first.sqlite');
  const second = scratch.file('second.sqlite');
  copyFileSync(bigDatabase(rows), first);
  copyFileSync(first, second);
  changeThree(second, rows);
  writeFileSync(scratch.file('insert.sql'), SCRIPT);
  writeFileSync(
    scratch.file('plan.yaml'),
    'custody: plan/2\nname: bench\nengine: sqlite\nsource: { file: first.sqlite, kind: fixture }\nexecutor: { file: insert.sql }\ndelta: { items: { inserted: 1 } }\ntimeLimit: 600\n',
  );
  const custody = (...words: string[]): string => scratch.run([...CUSTODY, ...words]);
  const fresh = (): void => {
    scratch.shell('rm -rf ledger && mkdir ledger');
    custody('init', 'ledger');
  };
  const snapshot = (file: string): { newBytes: number } =>
    JSON.parse(custody('snapshot', file, '--ledger', 'ledger', '--json')) as { newBytes: number };
  let newBytes = 0;

  const t = await medians(rounds, {
    sha3: { run: () => scratch.run(['sqlite3', first, '.sha3sum']) },
    dump: { run: () => scratch.shell(`sqlite3 ${first} .dump | sha256sum`) },
    dry: { run: () => custody('snapshot', first, '--dry-run') },
    snapshot: { before: fresh, run: () => snapshot(first) },
    second: { run: () => ({ newBytes } = snapshot(second)) },
    diff: { run: () => custody('diff', '@1', '@2', '--ledger', 'ledger') },
    rehearsal: { before: fresh, run: () => custody('rehearse', 'plan.yaml', '--ledger', 'ledger') },
    sqldiff: installed('sqldiff') ? { run: () => scratch.run(['sqldiff', first, second]) } : undefined,
  });
  const size = `${rows} rows, ${Math.round(statSync(first).size / 1e6)} MB`;
  const against = { against: '.sha3sum', theirs: t.sha3 };
  return [
    { what: `snapshot, stored (${size})`, ours: t.snapshot, ...against },
    { what: 'snapshot, stored', ours: t.snapshot, against: '.dump | sha256sum', theirs: t.dump },
    { what: 'snapshot --dry-run', ours: t.dry, ...against },
    { what: 'second snapshot, 3 rows changed', ours: t.second, ...against },
    { what: 'its new bytes', ours: newBytes, unit: 'bytes', note: 'at most 262144' },
    t.sqldiff === undefined
      ? { what: 'diff of the two', ours: t.diff, ...against, note: 'sqldiff is not installed' }
      : { what: 'diff of the two', ours: t.diff, against: 'sqldiff', theirs: t.sqldiff },
    { what: 'whole rehearsal of one insert', ours: t.rehearsal, ...against, ...(SMALL && { note: 'small' }) },
  ];
}
