import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { bigDatabase } from './big-database.ts';
import { CUSTODY, Scratch, setting, type Row } from './measure.ts';

/** Of the database; BENCH_MEMORY_MB=1000 takes a quarter of an hour. */
const MEGABYTES = setting('BENCH_MEMORY_MB', 100, 10);
/** Bytes that a row of {@link bigDatabase} takes in the file, about. */
const ROW = 90;
/** Milliseconds between two looks. */
const INTERVAL = 50;

const PLAN = `custody: plan/2
name: bench
engine: sqlite
source: { file: app.sqlite, kind: fixture }
executor: { file: change.sql }
rollback: { file: back.sql }
preflight: [{ name: not there yet, sql: SELECT count(*) FROM items WHERE id = 900000000, expect: '== 0' }]
delta: { items: { inserted: 1 } }
timeLimit: 3600
`;

/**
 * Peak of the resident memory of all of a rehearsal's processes together (three legs, SQLite), with and without `--out`.
 * The judges’ processes are counted apart. Linux: it is read from /proc.
 */
export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const out of [[], ['--out', 'packet']]) {
    await using scratch = await Scratch.make();
    copyFileSync(bigDatabase(Math.round((MEGABYTES * 1_000_000) / ROW)), scratch.file('app.sqlite'));
    writeFileSync(
      scratch.file('change.sql'),
      "INSERT INTO items VALUES (900000000, 'x', NULL, NULL, 1, 1, NULL);\n",
    );
    writeFileSync(scratch.file('back.sql'), 'DELETE FROM items WHERE id = 900000000;\n');
    writeFileSync(scratch.file('plan.yaml'), PLAN);
    scratch.run([...CUSTODY, 'init', '.']);
    const from = performance.now();
    const peak = await peaks(scratch, [...CUSTODY, 'rehearse', 'plan.yaml', ...out]);
    const seconds = Math.round((performance.now() - from) / 1000);
    rows.push({
      what: `peak memory of a rehearsal, ${MEGABYTES} MB ${out[0] ?? ''}`,
      ours: mebibytes(peak.ours),
      unit: 'MiB',
      note: `shared pages counted once ${mebibytes(peak.proportional)}, its first process ${mebibytes(peak.first)}, judges apart ${mebibytes(peak.judges)}; ${seconds} s`,
    });
  }
  return rows;
}

interface Peaks {
  /** All processes but the judges, at one time. Bytes, as all here. */
  ours: number;
  /** The same with each shared page divided among those who map it (PSS): node's own are in every process. */
  proportional: number;
  first: number;
  judges: number;
}

/** Runs a command and looks at it and at everything it started. @throws Error unless it exits 0. */
async function peaks(scratch: Scratch, [program, ...args]: readonly string[]): Promise<Peaks> {
  const child = spawn(program!, args, {
    cwd: scratch.path,
    env: scratch.env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const peak: Peaks = { ours: 0, proportional: 0, first: 0, judges: 0 };
  const timer = setInterval(() => {
    const now = resident(child.pid!);
    for (const what of Object.keys(peak) as (keyof Peaks)[]) peak[what] = Math.max(peak[what], now[what]);
  }, INTERVAL);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args.join(' ')}: exit ${code}`);
  return peak;
}

function resident(root: number): Peaks {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    // The name of the program, in parentheses, may hold anything.
    const parent = /^\d+$/.test(name) ? /.*\) \S (\d+)/s.exec(read(`/proc/${name}/stat`))?.[1] : undefined;
    if (parent !== undefined) children.set(+parent, [...(children.get(+parent) ?? []), +name]);
  }
  const sum: Peaks = { ours: 0, proportional: 0, first: 0, judges: 0 };
  const add = (id: number, inJudge: boolean): void => {
    const judges = inJudge || read(`/proc/${id}/cmdline`).includes('validator.mjs');
    const bytes = bytesIn(/^VmRSS:\s+(\d+) kB$/m, `/proc/${id}/status`) ?? 0;
    sum[judges ? 'judges' : 'ours'] += bytes;
    // Not everybody may read that of a process in another namespace.
    if (!judges) sum.proportional += bytesIn(/^Pss:\s+(\d+) kB$/m, `/proc/${id}/smaps_rollup`) ?? bytes;
    if (id === root) sum.first = bytes;
    for (const child of children.get(id) ?? []) add(child, judges);
  };
  add(root, false);
  return sum;
}

/** What a line of a file of /proc says, in bytes. */
function bytesIn(line: RegExp, path: string): number | undefined {
  const found = line.exec(read(path))?.[1];
  return found === undefined ? undefined : 1024 * Number(found);
}

/** Empty for a process that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
