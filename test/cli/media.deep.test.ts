import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Desk } from './desk.ts';
import { writePlan } from './plans.ts';
import { lacking } from '../support/lacking.ts';

const lack = lacking('mounting a file system');

describe.skipIf(lack)(`a ledger on a file system of its own${lack}`, () => {
  /** What commands read is on an ordinary disk; only the ledger is on the small one. */
  let desk: Desk;
  let disk: string;
  const at = ['--ledger', 'disk'];
  beforeEach(() => {
    desk = new Desk();
    disk = desk.path('disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  });
  afterEach(() => {
    execFileSync('umount', [disk]);
    desk[Symbol.dispose]();
  });

  /** Leaves so many bytes free, about. */
  const fill = (free: number): void => {
    rmSync(join(disk, 'ballast'), { force: true });
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - free)));
  };
  const state = (): Record<string, string> => {
    using other = new Desk(disk, { keep: true });
    return other.state();
  };
  const fsck = async (records: number): Promise<void> => {
    expect(await desk.json(['fsck', ...at])).toMatchObject({ ok: true, records, findings: [] });
  };
  const ready = async (): Promise<void> => {
    await desk.json(['init', 'disk']);
    // Noise, so that it does not compress: no free block takes it in.
    const noise = Array.from({ length: 4000 }, (_, i) => Math.sin(i).toString(36)).join('\n');
    await desk.packet('evidence', { 'noise.txt': noise });
    desk.database('a.sqlite', 'CREATE TABLE t (v TEXT);');
    desk.database(
      'a.sqlite',
      `INSERT INTO t VALUES ${noise
        .split('\n')
        .map((v) => `('${v}')`)
        .join(', ')};`,
    );
    writePlan(desk);
  };

  it('full: init makes nothing', async () => {
    fill(0);
    await desk.fails(['init', 'disk'], 'DISK_FULL', 4);
    fill(16 * 1024);
    await desk.fails(['init', 'disk'], 'DISK_FULL', 4);
    expect(readdirSync(disk)).toEqual(['ballast']);
    expect(existsSync(desk.path('config/keys')) ? readdirSync(desk.path('config/keys')) : []).toEqual([]);
    rmSync(join(disk, 'ballast'));
    await desk.json(['init', 'disk']);
    await fsck(1);
  });

  it.each([
    ['commit', ['commit', 'evidence']],
    ['snapshot', ['snapshot', 'a.sqlite']],
    ['rehearse', ['rehearse', 'plan.yaml']],
  ])('full: %s records nothing, and works when there is room again', async (_what, argv) => {
    await ready();
    const before = state();
    fill(0);
    await desk.fails([...argv, ...at], 'DISK_FULL', 4);
    expect(state()).toEqual(before);
    await fsck(1);
    rmSync(join(disk, 'ballast'));
    await desk.json([...argv, ...at]);
    await fsck(2);
  });

  it('filling up at any block: committed, or DISK_FULL and clean', async () => {
    await ready();
    let records = 1;
    const outcomes = new Set<number>();
    for (let blocks = 0; blocks < 40; blocks += 4) {
      fill(blocks * 4096);
      const ran = await desk.run(['commit', 'evidence', ...at]);
      outcomes.add(ran.exit);
      if (ran.exit === 0) records++;
      else expect(ran.stderr).toContain('[DISK_FULL]');
      await fsck(records);
    }
    expect([...outcomes].sort()).toEqual([0, 4]);
  });

  it('a full folder for temporary files: DISK_FULL, and the ledger is as it was', async () => {
    using other = new Desk();
    await other.init();
    const plan = writePlan(other);
    const before = other.state({ index: true });
    const usual = process.env['TMPDIR'];
    fill(0);
    process.env['TMPDIR'] = disk;
    try {
      await other.fails(['rehearse', plan], 'DISK_FULL', 4);
      await other.fails(['snapshot', 'app.sqlite', '--dry-run'], 'DISK_FULL', 4);
      const demo = await other.run(['demo', '--json']);
      expect({ exit: demo.exit, stderr: demo.stderr }).toEqual({ exit: 4, stderr: '' });
      expect(JSON.parse(demo.stdout)).toMatchObject({ error: { code: 'DISK_FULL' } });
    } finally {
      if (usual === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = usual;
    }
    expect(other.state({ index: true })).toEqual(before);
    expect(readdirSync(disk)).toEqual(['ballast']);
  });

  it('read-only: everything reads, every write says READ_ONLY and changes nothing', async () => {
    await ready();
    await desk.json(['commit', 'evidence', ...at]);
    await desk.json(['snapshot', 'a.sqlite', ...at]);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const before = state();
    for (const argv of [
      ['log'],
      ['show', '@1'],
      ['cat', '@1:noise.txt'],
      ['verify', '@1'],
      ['fsck'],
      ['diff', '@2', 'a.sqlite'],
      ['validator', 'list'],
    ])
      expect((await desk.run([...argv, ...at])).exit, argv.join(' ')).toBe(0);
    desk.write('evidence/more.txt', 'more');
    await desk.json(['seal', 'evidence', '--force']);
    for (const argv of [
      ['commit', 'evidence', ...at],
      ['snapshot', 'a.sqlite', ...at],
      ['rehearse', 'plan.yaml', ...at],
      ['init', 'disk/new'],
      ['init', 'disk/new/deeper'],
    ])
      await desk.fails(argv, 'READ_ONLY', 4);
    expect(state()).toEqual(before);
  });

  it('read-only evidence: commit reads it, seal cannot write', async () => {
    await desk.init();
    mkdirSync(join(disk, 'evidence'));
    writeFileSync(join(disk, 'evidence/a.txt'), 'a');
    await desk.json(['seal', 'disk/evidence']);
    mkdirSync(join(disk, 'loose'));
    writeFileSync(join(disk, 'loose/a.txt'), 'a');
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await desk.fails(['seal', 'disk/loose'], 'READ_ONLY', 4);
    expect(await desk.json(['commit', 'disk/evidence'])).toMatchObject({ record: 1 });
  });
});
