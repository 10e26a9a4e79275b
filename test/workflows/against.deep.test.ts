import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codes, Desk } from '../cli/desk.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';

describe('a folder compared with what a ledger holds', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
    desk.write('evidence/tool.sh', 'true\n');
    desk.write('evidence/sub/b.txt', 'b\n');
    symlinkSync('sub/b.txt', desk.path('evidence/link'));
    await desk.packet();
    await desk.json(['commit', 'evidence']);
  });
  afterEach(() => desk[Symbol.dispose]());

  const against = async (revision = '@1', exit = 1, ...more: string[]): Promise<VerifyReport> =>
    desk.json<VerifyReport>(['verify', 'evidence', '--against', revision, ...more], exit);

  it('the same: ok', async () => {
    expect(await against('@1', 0)).toMatchObject({ ok: true, required: ['seal', 'objects', 'chain'] });
  });

  it('changed and sealed anew: the folder agrees with itself and differs from the ledger, file by file', async () => {
    desk.write('evidence/a.txt', 'changed\n');
    desk.write('evidence/new.txt', 'new\n');
    await desk.json(['seal', 'evidence', '--force']);
    expect(await desk.json<VerifyReport>(['verify', 'evidence'])).toMatchObject({ ok: true });
    const report = await against();
    expect(report.levels).toMatchObject({ seal: 'failed', objects: 'done', chain: 'done' });
    expect(codes(report.findings)).toEqual([
      ['TREE_DIFFERS', 'HASH_MANIFEST.txt'],
      ['TREE_DIFFERS', 'a.txt'],
      ['TREE_DIFFERS', 'new.txt'],
      ['SEAL_UNEXPECTED', 'packet_tree.sha256'],
      ['TREE_DIFFERS', 'packet_tree.sha256'],
    ]);
  });

  it('changed and not sealed anew: what the seal finds', async () => {
    desk.write('evidence/a.txt', 'changed\n');
    expect(codes((await against()).findings)).toEqual([['FILE_CHANGED', 'a.txt']]);
  });

  it('what no manifest lists: a mode, an empty folder', async () => {
    chmodSync(desk.path('evidence/tool.sh'), 0o755);
    mkdirSync(desk.path('evidence/empty'));
    expect(codes((await against()).findings)).toEqual([
      ['TREE_DIFFERS', 'empty'],
      ['TREE_DIFFERS', 'tool.sh'],
    ]);
  });

  it('a revision without a packet', async () => {
    expect(codes((await against('@0')).findings)).toEqual([['TREE_DIFFERS', '@0']]);
    await desk.fails(['verify', 'evidence', '--against', '@9'], 'REVISION_UNKNOWN', 2);
  });

  it('another seal than was expected', async () => {
    const alone = await desk.json<VerifyReport>(['verify', 'evidence', '--expect', '0'.repeat(64)], 1);
    expect(codes(alone.findings)).toEqual([['SEAL_UNEXPECTED', 'packet_tree.sha256']]);
    const stored = await desk.json<VerifyReport>(['verify', '@1', '--expect', '0'.repeat(64)], 1);
    expect(codes(stored.findings)).toEqual([['SEAL_UNEXPECTED', 'packet_tree.sha256']]);
  });

  it.each(['objects', 'chain', 'signatures', 'semantics', 'reexecuted'])(
    'a folder alone cannot do the level %s: required, it is not ok',
    async (level) => {
      const report = await desk.json<VerifyReport>(['verify', 'evidence', '--require', level], 1);
      expect(report.levels).toMatchObject({ seal: 'done', [level]: 'skipped' });
      expect(codes(report.findings)).toEqual([['LEVEL_SKIPPED', level]]);
    },
  );

  it.each(['semantics', 'reexecuted'])('a plain packet has no level %s', async (level) => {
    const report = await desk.json<VerifyReport>(['verify', '@1', '--require', level, 'signatures'], 1);
    expect(report.required).toContain('signatures');
    expect(codes(report.findings)).toEqual([['LEVEL_SKIPPED', level]]);
  });
});
