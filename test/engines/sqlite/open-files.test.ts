import { readdirSync, readFileSync, readlinkSync, statSync, type BigIntStats } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { lookForHolders } from '../../../src/engines/sqlite/open-files.ts';

/** Who has a file open, in a /proc that a test writes down (proc(5)); what the real one says is open-files.deep.test.ts. */
vi.mock(import('node:fs'), async (load) => {
  const real = await load();
  const mocked = { readdirSync: vi.fn(), readFileSync: vi.fn(), readlinkSync: vi.fn(), statSync: vi.fn() };
  return { ...real, ...mocked };
});

const FILE = { dev: 5n, ino: 7n };
const REFUSED = Object.assign(new Error('refused'), { code: 'EACCES' });

interface Process {
  readonly name?: string;
  readonly state?: string;
  readonly threads?: number;
  readonly uid?: number;
  readonly parent?: number;
  /** What its descriptors lead to, or the errors with which they cannot be listed, one an attempt, the last for ever. */
  readonly open?: readonly string[] | readonly (Error | null)[];
  /** Descriptors of further threads. */
  readonly others?: readonly (readonly string[])[];
}

const me = process.getuid?.() ?? 0;
let processes: Record<string, Process>;
let self: string;
let mounts: string;
let attempts: Record<string, number>;

beforeEach(() => {
  [processes, attempts, self, mounts] = [{}, {}, String(process.pid), '30 20 0:5 / /proc rw - proc proc rw'];
  const gone = Object.assign(new Error('gone'), { code: 'ENOENT' });
  const of = (pid: string): Process => {
    if (processes[pid] === undefined) throw gone;
    return processes[pid];
  };
  vi.mocked(readdirSync).mockImplementation(((path: string) => {
    const [, , pid = '', what, thread] = path.split('/');
    if (pid === '') return Object.keys(processes);
    const { open = [], others = [] } = of(pid);
    if (what === 'task' && thread !== undefined)
      return (others[Number(thread) - 1] ?? []).map((_, i) => `${i}`);
    if (what === 'task') return others.map((_, i) => `${i + 1}`);
    const attempt = (attempts[pid] = (attempts[pid] ?? 0) + 1);
    const found =
      open.length === 0 || typeof open[0] === 'string' ? null : open[Math.min(attempt, open.length) - 1];
    if (found instanceof Error) throw found;
    return open.filter((one) => typeof one === 'string').map((_, i) => `${i}`);
  }) as unknown as typeof readdirSync);
  vi.mocked(readlinkSync).mockImplementation(((path: string) => {
    if (path === '/proc/self') return self;
    const [, , pid = '', what, thread, , fd] = path.split('/');
    if (what === 'task') return of(pid).others![Number(thread) - 1]![Number(fd)];
    return of(pid).open![Number(thread)];
  }) as unknown as typeof readlinkSync);
  vi.mocked(statSync).mockImplementation((path) => {
    const target = readlinkSync(String(path));
    return (target === '/clone.db' ? FILE : { dev: 5n, ino: 8n }) as BigIntStats;
  });
  vi.mocked(readFileSync).mockImplementation(((path: string) => {
    if (path === '/proc/self/mountinfo') return mounts;
    const {
      name = 'worker',
      state = 'S (sleeping)',
      threads = 1,
      uid = me,
      parent = 1,
    } = of(path.split('/')[2]!);
    return `Name:\t${name}\nState:\t${state}\nPPid:\t${parent}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nThreads:\t${threads}\n`;
  }) as unknown as typeof readFileSync);
});

const look = (known?: Set<string>): ReturnType<typeof lookForHolders> => lookForHolders(FILE, known);
const nobody = { holders: [], hidden: [] };

describe('who has a file open', () => {
  it('is seen, by whatever name', async () => {
    processes = {
      17: { name: 'sqlite3', open: ['socket:[1]', '/other', '/clone.db'] },
      18: { open: ['/other'] },
    };
    expect(await look()).toEqual({ holders: ['process 17 (sqlite3)'], hidden: [] });
  });

  it('may be a thread whose first one has ended', async () => {
    const zombie = { state: 'Z (zombie)', threads: 2, open: [] };
    processes = { 17: { ...zombie, others: [[], ['/clone.db']] } };
    expect((await look()).holders).toEqual(['process 17 (worker)']);
    processes = { 17: { ...zombie, others: [[], ['/other']] } };
    expect(await look()).toEqual(nobody);
  });

  const hiding: Process = { name: 'ssh-agent', open: [REFUSED] };
  it.each<[string, Process]>([
    ['hides', hiding],
    ['is a zombie with a living thread', { ...hiding, state: 'Z (zombie)', threads: 2 }],
    ['calls itself a zombie', { ...hiding, name: '\rState:\tZ' }],
    ['calls itself another user’s', { ...hiding, name: '\rUid:\t9\t9\t9\t9' }],
  ])('is not known of a process of ours that %s', async (_, one) => {
    processes = { 17: one };
    const named = `process 17 (${one.name})`;
    expect(await look()).toEqual({ holders: [], hidden: [`${named} hides its open files (EACCES)`] });
  });

  it.each<[string, Process]>([
    ['is a zombie', { ...hiding, state: 'Z (zombie)' }],
    ['belongs to another', { ...hiding, uid: me + 1 }],
  ])('is nobody where a process that hides %s', async (_, one) => {
    processes = { 17: one };
    expect(await look()).toEqual(nobody);
  });

  it('is not asked of those that started us', async () => {
    processes = { [process.ppid]: { ...hiding, parent: 3 }, 3: { ...hiding, parent: 0 } };
    expect(await look()).toEqual(nobody);
    processes[4] = { ...hiding, parent: 3 };
    expect((await look()).hidden).toHaveLength(1);
  });

  it('is asked once more of a process that hides while it starts, and not again of one that is known', async () => {
    const known = new Set<string>();
    processes = { 17: { open: [REFUSED, null] }, 18: hiding };
    expect((await look(known)).hidden).toEqual(['process 18 (ssh-agent) hides its open files (EACCES)']);
    expect([attempts, known]).toEqual([{ 17: 2, 18: 2 }, new Set(['18'])]);
    await look(known);
    expect(attempts).toEqual({ 17: 3, 18: 3 });
  });

  it('is not known where /proc shows less than all', async () => {
    mounts = '30 20 0:5 / /proc rw,relatime - proc proc rw,hidepid=invisible';
    vi.spyOn(process, 'getuid').mockReturnValueOnce(1000);
    expect(await look()).toEqual({ holders: [], hidden: ['/proc hides processes (hidepid)'] });
    self = '1';
    expect((await look()).hidden).toEqual(['/proc is that of another pid namespace']);
    vi.mocked(readlinkSync).mockImplementation(() => {
      throw REFUSED;
    });
    expect((await look()).hidden).toEqual(['processes cannot be listed: EACCES']);
  });
});
